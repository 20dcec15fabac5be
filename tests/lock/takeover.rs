//! Who is dead, who is alive, and who gets the lock.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sso_lock::Acquired;

use crate::lock::{HOLD, Holder, age, boot_id, forge, is_obtainable, library_lock, owner};
use crate::support::{Sandbox, names, until};

#[test]
fn a_killed_holders_lock_is_had_at_once() {
    let sandbox = Sandbox::new();
    Holder::start(&sandbox, "login", HOLD).die();
    assert_eq!(names(sandbox.state()), ["login.lock"]);
    is_obtainable(&sandbox, "login");
}

#[test]
fn who_waits_gets_the_lock_of_a_killed_holder() {
    let sandbox = Sandbox::new();
    let holder = Holder::start(&sandbox, "login", HOLD);
    let mut waiting = sandbox.tool("sso-lock run --wait 60s login -- sh -c");
    let waiter = thread::spawn(move || {
        waiting.arg("echo $$; cat > /dev/null");
        Holder::of(waiting)
    });
    holder.die();
    assert_eq!(waiter.join().unwrap().end(), 0);
    is_obtainable(&sandbox, "login");
}

#[test]
fn fifty_contenders_for_a_dead_holders_lock_have_one_winner() {
    let sandbox = Sandbox::new();
    for boot in [boot_id(), "another".to_owned()] {
        age(&forge(&sandbox, "x", &owner(&boot).to_string()), 61);
        let mut children: Vec<_> = (0..50)
            .map(|_| {
                let mut command = sandbox.tool("sso-lock run x -- cat");
                command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        let mut codes = Vec::new();
        until("the end of 49 losers", || {
            children.retain_mut(|child| {
                child.try_wait().unwrap().map(|status| codes.push(status.code())).is_none()
            });
            children.len() <= 1
        });
        assert_eq!(codes, vec![Some(75); 49]);
        let mut winner = children.remove(0);
        drop(winner.stdin.take());
        assert!(winner.wait().unwrap().success());
        is_obtainable(&sandbox, "x");
    }
}

#[test]
fn fifty_breakers_remove_one_dead_lock_once() {
    let sandbox = Sandbox::new();
    forge(&sandbox, "x", &owner(&boot_id()).to_string());
    let children: Vec<_> =
        (0..50).map(|_| sandbox.tool("sso-lock break x").stderr(Stdio::null()).spawn().unwrap()).collect();
    let codes: Vec<_> = children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap()).collect();
    assert_eq!(codes.iter().filter(|&&code| code == 0).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| [0, 1, 75].contains(code)), "{codes:?}");
    assert_eq!(names(sandbox.state()), [""; 0]);
}

#[test]
fn a_hundred_holders_who_die_holding_take_turns() {
    let sandbox = Sandbox::new();
    let counter = sandbox.root().join("work/f");
    fs::write(&counter, "0\n").unwrap();
    let children: Vec<_> = (0..100)
        .map(|_| {
            let mut command = sandbox.tool("sso-lock run --wait 60s c --");
            command.args(["sh", "-c", "n=$(cat f); echo $((n+1)) > f; kill -KILL $PPID"]);
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
    assert_eq!(fs::read_to_string(counter).unwrap(), "100\n");
    is_obtainable(&sandbox, "c");
}

#[test]
fn the_lease_decides_about_a_holder_on_another_kernel() {
    let sandbox = Sandbox::new();
    let path = forge(&sandbox, "x", &owner("another").to_string());
    age(&path, 50);
    sandbox.run("sso-lock run x -- true").exits(75).says("pid 7 on elsewhere (aws)");
    assert_eq!(sandbox.run("sso-lock status x").exits(0).document()["held"], true);
    age(&path, 61);
    assert_eq!(sandbox.run("sso-lock status x").exits(1).document()["stale"], true);
    is_obtainable(&sandbox, "x");
}

#[test]
fn a_clock_that_jumped_back_holds_no_lock_for_ever() {
    let sandbox = Sandbox::new();
    let path = forge(&sandbox, "x", &owner("another").to_string());
    age(&path, -100_000);
    sandbox.run("sso-lock run x -- true").exits(75);
    let ahead = fs::metadata(&path).unwrap().modified().unwrap().duration_since(SystemTime::now());
    assert!(ahead.is_err(), "its lease counts from now: {ahead:?}");
}

#[test]
fn a_foreign_mkdir_is_a_lock_until_it_is_old() {
    let sandbox = Sandbox::new();
    for foreign_file in [None, Some("pid")] {
        let lock = sandbox.state().join("x.lock");
        fs::create_dir_all(&lock).unwrap();
        if let Some(name) = foreign_file {
            fs::write(lock.join(name), "12").unwrap();
        }
        let busy = sandbox.run("sso-lock run x -- true").exits(75);
        busy.says("`x` is held by a process that left no owner.json");
        sandbox.run("sso-lock break x").exits(75);
        age(&lock, 290);
        sandbox.run("sso-lock run x -- true").exits(75);
        age(&lock, 301);
        is_obtainable(&sandbox, "x");
    }
}

#[test]
fn a_hostile_owner_file_is_a_foreign_lock() {
    let sandbox = Sandbox::new();
    let secret = sandbox.write("secret", owner(&boot_id()).to_string());
    let lock = sandbox.state().join("x.lock");
    let file = lock.join("owner.json");
    let whole = owner(&boot_id()).to_string();
    let deep = format!("{{\"a\":{}", "[".repeat(10_000));
    let huge = format!("{whole}{}", " ".repeat(70_000));
    let makers: [(&str, &dyn Fn()); 11] = [
        ("link", &(|| symlink(&secret, &file).unwrap())),
        ("dangling", &(|| symlink("nowhere", &file).unwrap())),
        ("fifo", &(|| assert!(Command::new("mkfifo").arg(&file).status().unwrap().success()))),
        ("directory", &(|| fs::create_dir_all(file.join("more")).unwrap())),
        ("huge", &(|| fs::write(&file, &huge).unwrap())),
        ("deep", &(|| fs::write(&file, &deep).unwrap())),
        ("garbage", &(|| fs::write(&file, b"\xff\x00{").unwrap())),
        ("empty", &(|| fs::write(&file, "").unwrap())),
        ("torn", &(|| fs::write(&file, &whole[..40]).unwrap())),
        ("wrong type", &(|| fs::write(&file, whole.replace('7', "\"7\"")).unwrap())),
        ("array", &(|| fs::write(&file, "[]").unwrap())),
    ];
    for (what, make) in makers {
        fs::create_dir_all(&lock).unwrap();
        make();
        let busy = sandbox.run("sso-lock run x -- true");
        assert_eq!(busy.code, 75, "{what}: {}", busy.stderr);
        assert_eq!(sandbox.run("sso-lock status x").exits(0).document()["owner"], Value::Null, "{what}");
        sandbox.run("sso-lock release x --token t").exits(1);
        assert!(
            Command::new("touch")
                .args(["-h", "-d", "301 seconds ago"])
                .arg(&file)
                .arg(&lock)
                .status()
                .unwrap()
                .success()
        );
        let taken = sandbox.run("sso-lock run x -- true");
        assert_eq!((taken.code, taken.stderr.as_str()), (0, ""), "{what}");
        assert_eq!(names(sandbox.state()), [""; 0], "{what}");
    }
    assert_eq!(fs::read_to_string(secret).unwrap(), whole);
}

#[test]
fn what_is_no_directory_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/sso-renewer/x.lock", "");
    sandbox.run("sso-lock run x -- true").exits(74).says("x.lock is in the way: it isn't a directory");
    // The state directory is a file: that is the cause, and what is said helps.
    fs::remove_dir_all(sandbox.state()).unwrap();
    sandbox.write(".aws/sso-renewer", "");
    for line in ["sso-lock run x -- true", "sso-lock status"] {
        let ended =
            sandbox.run(line).exits(74).says("/.aws/sso-renewer is in the way: a folder belongs there");
        let hint =
            ended.stderr.lines().find_map(|line| line.strip_prefix("sso-lock: hint: ")).unwrap().to_owned();
        assert!(hint.starts_with("mv ") && hint.ends_with("/.aws/sso-renewer.old"), "{hint}");
    }
    fs::rename(sandbox.state(), sandbox.state().with_extension("old")).unwrap();
    sandbox.run("sso-lock run x -- true").exits(0);
}

#[test]
fn a_living_breakers_claim_is_respected_and_a_dead_ones_removed() {
    let sandbox = Sandbox::new();
    let path = forge(&sandbox, "x", &owner("another").to_string());
    age(&path, 61);
    let claim = path.with_file_name("breaker.json");
    fs::write(&claim, owner(&boot_id()).to_string()).unwrap();
    let breaker = File::open(&claim).unwrap();
    fs2::FileExt::lock_exclusive(&breaker).unwrap();
    assert!(matches!(library_lock(&sandbox).try_acquire("test").unwrap(), Acquired::Busy(Some(_))));
    drop(breaker);
    // A child that another test is just starting may hold a copy of the flock until its exec.
    let patience = Duration::from_secs(10);
    assert!(matches!(library_lock(&sandbox).acquire("test", patience).unwrap(), Acquired::Held(_)));
}

#[test]
fn a_guard_that_lost_its_lock_leaves_the_new_owner_alone() {
    let sandbox = Sandbox::new();
    let Acquired::Held(guard) = library_lock(&sandbox).try_acquire("test").unwrap() else { panic!("busy") };
    let path = sandbox.state().join("x.lock/owner.json");
    // As a breaker on another kernel does it.
    let theirs = sandbox.write("theirs", owner("another").to_string());
    fs::rename(theirs, &path).unwrap();
    guard.release().unwrap();
    assert!(path.exists());
}
