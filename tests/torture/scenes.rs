//! What machines do besides: small disks, clocks that jump, processes that sleep, crowds, process ids that come again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::login::bench::{Bench, TOKEN, after};
use crate::sandbox::served::Served;
use crate::support::traced::stopped;
use crate::support::{self, end, unshare};

use super::acts::{self, Act, Prepared};
use super::faults::Course;
use super::machine::{Machine, copy};
use super::plan::Random;
use super::report::{Cell, Run};

pub struct Scene {
    pub name: &'static str,
    play: fn(&Path, &mut Random, &mut Cell),
}

pub const ALL: &[Scene] = &[
    Scene { name: "a disk with 0 to 12 pages or 0 to 6 inodes left, each command", play: small_disks },
    Scene {
        name: "a clock that jumps by up to 400 days, each command without the service",
        play: jumping_clock,
    },
    Scene {
        name: "a login that is stopped at any system call, others meanwhile two hours later",
        play: stopped_login,
    },
    Scene { name: "a lock whose holder slept longer than its lease", play: slept_lease },
    Scene { name: "a reminder whose watcher slept longer than its lease", play: slept_watcher },
    Scene { name: "200 processes, an expired token, a refresh token that works once", play: crowd },
    Scene { name: "two AWS CLIs (stable and newest) that log in and renew meanwhile", play: both_clis },
    Scene { name: "a dead holder's process id that another process has", play: reused_pid },
];

pub fn play(scene: &Scene, round: u64, strace: &Path, random: &mut Random) -> Cell {
    let mut cell = Cell::new(round, scene.name);
    (scene.play)(strace, random, &mut cell);
    cell
}

/// Something that must be so.
fn must(cell: &mut Cell, is_so: bool, loss: impl FnOnce() -> String) {
    let loss = (!is_so).then(loss);
    cell.add("runs", &Run { failed: false, loss });
}

const SMALL: &str = r#"set -u; aws=$1 out=$2 prepared=$3 pages=$4 inodes=$5; shift 5
mount -t tmpfs -o size=1g none "$aws" && cp -a -T "$prepared" "$aws"
used=$(df --output=used -k "$aws" | tail -n 1) nodes=$(df --output=iused "$aws" | tail -n 1)
mount -o "remount,size=$((used + 4 * pages))k,nr_inodes=$((nodes + inodes))" "$aws"
"$@"; code=$?
cp -a -T "$aws" "$out"
exit "$code""#;

fn small_disks(strace: &Path, random: &mut Random, cell: &mut Cell) {
    let Some(unshare) = unshare() else { return };
    let machine = Machine::start(strace);
    for act in acts::ALL {
        let course = Course::of(&machine, act);
        for _ in 0..4 {
            let (pages, inodes) =
                if random.below(2) == 0 { (random.below(13), 1000) } else { (1000, random.below(7)) };
            machine.prepare(act);
            let prepared = machine.bench.file("small-before");
            let out = machine.bench.file("small-after");
            copy(&machine.aws(), &prepared);
            let _ = std::fs::remove_dir_all(&out);
            let mut command = machine.bench.command(unshare.to_str().unwrap());
            command.args(["-rm", "bash", "-c", SMALL, "bash"]);
            command.args([&machine.aws(), &out, &prepared]).args([pages.to_string(), inodes.to_string()]);
            let line = machine.bench.command(act.line);
            command.arg(line.get_program()).args(line.get_args());
            let ended = end(command, act.input);
            copy(&out, &machine.aws());
            let mut run = course.judge(&machine, Some(ended.code));
            if let Some(loss) = &mut run.loss {
                *loss = format!(
                    "{}, {pages} pages, {inodes} inodes: {loss} ({} {})",
                    act.name, ended.code, ended.stderr
                );
            }
            cell.add("runs", &run);
        }
    }
}

fn faketime() -> Option<PathBuf> {
    let known = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|machine| PathBuf::from(format!("/usr/lib/{machine}/faketime/libfaketime.so.1")));
    let found = known.into_iter().find(|path| path.exists());
    if found.is_none() {
        support::skip("a clock that jumps: libfaketime is not installed");
    }
    found
}

fn jumping_clock(strace: &Path, random: &mut Random, cell: &mut Cell) {
    let Some(faketime) = faketime() else { return };
    let machine = Machine::start(strace);
    for act in acts::ALL.iter().filter(|act| act.prepared == Prepared::Copied) {
        let course = Course::of(&machine, act);
        for _ in 0..4 {
            let seconds = [60, 3600, 86_400, 34_560_000][random.below(4)] * (1 + random.below(1000)) / 1000;
            let sign = ["-", "+"][random.below(2)];
            machine.prepare(act);
            let mut command = machine.bench.command(act.line);
            command
                .env_remove("SSO_NOW")
                .env("LD_PRELOAD", &faketime)
                .env("FAKETIME", format!("{sign}{seconds}"));
            let ended = end(command, act.input);
            // At another time something else may be right, such as what has expired.
            let mut run = course.judge(&machine, None);
            if let Some(loss) = &mut run.loss {
                *loss = format!("{}, {sign}{seconds} s: {loss} ({} {})", act.name, ended.code, ended.stderr);
            }
            cell.add("runs", &run);
        }
    }
}

fn act(name: &str) -> &'static Act {
    acts::ALL.iter().find(|act| act.name == name).unwrap()
}

fn stopped_login(strace: &Path, random: &mut Random, cell: &mut Cell) {
    let machine = Machine::start(strace);
    for name in ["login, the first", "login refresh", "login logout"] {
        let act = act(name);
        let course = Course::of(&machine, act);
        for (call, count) in random.some(course.calls.clone(), 4) {
            machine.prepare(act);
            let _ = std::fs::remove_file(machine.trace());
            let inject = format!("inject={call}:signal=SIGSTOP:when={count}");
            let mut command = machine.traced_command(act, &["-e", &format!("trace={call}"), "-e", &inject]);
            let mut child =
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let pid = stopped(&mut child, &machine.trace()).and_then(Pid::from_raw);
            // The machine sleeps, the holder of the lock with it; whoever comes two hours later waits, or finds it done.
            let mut other = machine.bench.command("sso-login --via device --no-browser --timeout 200ms demo");
            other.env("SSO_NOW", after(7200));
            let other = end(other, "");
            must(cell, [0, 75, 77, 124].contains(&other.code), || {
                format!("{name}: the other ends with {}: {}", other.code, other.stderr)
            });
            if let Some(pid) = pid {
                kill_process(pid, Signal::CONT).unwrap();
            }
            child.wait().unwrap();
            let next = machine.bench.device("demo");
            must(cell, next.code == 0, || {
                format!("{name} stopped at {call} {count}: then {}: {}", next.code, next.stderr)
            });
        }
    }
}

fn slept_lease(strace: &Path, random: &mut Random, cell: &mut Cell) {
    let machine = Machine::start(strace);
    for _ in 0..10 {
        machine.prepare(act("lock acquire"));
        let ttl = 60 + random.below(3600);
        // The file's own time counts, so that a clock that jumps frees no lock.
        let sleep = |seconds: usize| {
            let lock = machine.aws().join("sso-renewer/work.lock");
            let mut touch = Command::new("find");
            touch.arg(lock).args(["-exec", "touch", "-d", &format!("-{seconds} seconds"), "{}", "+"]);
            assert!(touch.status().unwrap().success());
        };
        let run = |line: &str, input: &str| end(machine.bench.command(line), input);
        let mine = run(&format!("sso-lock acquire work --ttl {ttl}s"), "");
        sleep(ttl / 2);
        let early = run("sso-lock acquire work", "");
        must(cell, early.code == 75, || format!("held for {ttl} s, and had after half of them"));
        sleep(ttl + 1);
        let theirs = run("sso-lock acquire work", "");
        must(cell, theirs.code == 0, || format!("not free after {ttl} s: {}", theirs.stderr));
        let late = run("sso-lock release", &mine.stdout);
        must(cell, late.code != 0, || "the one that slept released the other's lock".to_owned());
        let third = run("sso-lock acquire work", "");
        must(cell, third.code == 75, || "two hold the lock".to_owned());
    }
}

fn slept_watcher(strace: &Path, random: &mut Random, cell: &mut Cell) {
    let machine = Machine::start(strace);
    for _ in 0..10 {
        machine.prepare(act("signal settle, success"));
        let at = |seconds: u32, line: &str, input: &str| {
            let mut command = machine.bench.command(line);
            command.env("SSO_NOW", after(seconds));
            end(command, input)
        };
        let first = at(1, "sso-signal wait --timeout 0s", "");
        must(cell, first.code == 0, || format!("nothing is due: {}", first.stderr));
        let again = at(2, "sso-signal wait --timeout 0s", "");
        must(cell, again.code == 124, || "two watchers have one reminder".to_owned());
        let late = 86_400 + u32::try_from(random.below(3600)).unwrap();
        let second = at(late, "sso-signal wait --timeout 0s", "");
        must(cell, second.code == 0, || "the reminder of a watcher that died never comes back".to_owned());
        // The other logged in; the one that slept says "later" about the same episode.
        let success = act("signal settle, success").input;
        at(late + 1, "sso-signal settle", success);
        at(late + 2, "sso-signal settle", act("signal settle, dismissed").input);
        let left = at(late + 3, "sso-signal read demo", "");
        must(cell, left.code == 1, || format!("a settled reminder is back: {}", left.stdout));
    }
}

fn crowd(strace: &Path, random: &mut Random, cell: &mut Cell) {
    let machine = Machine::start(strace);
    let words =
        ["credentials demo", "refresh demo", "--via device --no-browser demo", "credentials demo-admin"];
    machine.prepare(act("login refresh"));
    let before = machine.bench.counts();
    let children: Vec<_> = (0..200)
        .map(|_| {
            let line = format!("sso-login {}", words[random.below(words.len())]);
            let mut command = machine.bench.command(&line);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        must(cell, ended.status.success(), || {
            format!("one of 200: {}", String::from_utf8_lossy(&ended.stderr))
        });
    }
    // The service gives a new session's token for a refresh token once, and none for it a second time.
    let counts = machine.bench.counts();
    must(cell, counts[0] == before[0] && counts[1] <= before[1] + 1, || {
        format!("{before:?}, then {counts:?}")
    });
}

fn both_clis(strace: &Path, random: &mut Random, cell: &mut Cell) {
    // The newest would wait for a browser that comes back.
    let clis = [(support::aws_v2(), ""), (support::aws_newest(), " --use-device-code")];
    let clis: Vec<_> = clis.into_iter().filter_map(|(cli, flag)| Some((cli?, flag))).collect();
    let bench = Bench { served: Served::start_at("--pending 0", None) };
    let machine = Machine { bench, strace: strace.to_owned() };
    let command = |line: &str| {
        let mut command = machine.bench.command(line);
        command.env_remove("SSO_NOW").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let login = "sso-login --via device --no-browser demo";
    end(command(login), "").exits_somehow(0);
    for (cli, flag) in &clis {
        for _ in 0..3 {
            // An access token that has expired makes the CLI renew, and a login makes it write.
            let text = machine.bench.token_text();
            if let Ok(mut token) = serde_json::from_str::<Value>(&text) {
                token["expiresAt"] = "2020-01-01T00:00:00Z".into();
                machine.bench.set_token(&token);
            }
            let by_hand = format!("sso login --profile demo --no-browser{flag}");
            let theirs = ["configure export-credentials --profile demo", &by_hand];
            let mut theirs =
                command(&format!("{} {}", cli.display(), theirs[random.below(2)])).spawn().unwrap();
            let mut ran = 0;
            while ran == 0 || (ran < 50 && theirs.try_wait().unwrap().is_none()) {
                let ours =
                    ["sso-login refresh demo", "sso-login credentials demo", "sso-cache repair", login];
                let line = ours[random.below(ours.len())];
                let ended = end(command(line), "");
                must(cell, [0, 75, 77].contains(&ended.code), || {
                    format!("`{line}` beside {}: {} {}", cli.display(), ended.code, ended.stderr)
                });
                ran += 1;
            }
            theirs.wait().unwrap();
            let last = end(command(login), "");
            must(cell, last.code == 0, || format!("afterwards: {}", last.stderr));
            let whole = serde_json::from_str::<Value>(&machine.bench.token_text()).is_ok();
            must(cell, whole, || format!("{TOKEN} is torn"));
        }
    }
}

const REUSE: &str = r#"set -eu
sso-lock run work -- sleep 1000 > /dev/null & holder=$!
until sso-lock status work > /dev/null 2>&1; do :; done
pid=$(sso-lock status work | grep -o '"pid":[0-9]*' | cut -d: -f2)
kill -KILL "$pid" "$holder" 2> /dev/null || true
wait 2> /dev/null || true
echo $((pid - 1)) > /proc/sys/kernel/ns_last_pid
sleep 1000 & other=$!
[ "$other" = "$pid" ] || { kill "$other"; exit 100; }
code=0; sso-lock run work -- true || code=$?
kill "$other"
exit "$code""#;

fn reused_pid(strace: &Path, _: &mut Random, cell: &mut Cell) {
    let Some(unshare) = unshare() else { return };
    let machine = Machine::start(strace);
    for _ in 0..10 {
        machine.prepare(act("lock run"));
        let mut command = machine.bench.command(unshare.to_str().unwrap());
        command.args(["-rmpf", "--mount-proc", "bash", "-c", REUSE]);
        let ended = end(command, "");
        // 100: another process was faster, and has the number.
        if ended.code != 100 {
            must(cell, ended.code == 0, || {
                format!("the dead holder's lock stays: {} {}", ended.code, ended.stderr)
            });
        }
    }
}
