//! Which kernel this is: only processes of one kernel see each other's flocks.

use std::fs;

/// The id of this boot of this kernel; containers on one kernel share it. `None` where the system
/// gives none: then nobody counts as sharing a kernel, and leases decide.
#[cfg(target_os = "linux")]
pub(crate) fn boot_id() -> Option<String> {
    // random(4): made anew at each boot.
    plain(&fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?)
}

/// The id of this boot of this kernel. `None` where the system gives none.
#[cfg(not(target_os = "linux"))]
pub(crate) fn boot_id() -> Option<String> {
    // Darwin has it as a sysctl alone, and no safe binding reads that: a process of 2 ms does.
    let mut command = std::process::Command::new("/usr/sbin/sysctl");
    command.args(["-n", "kern.bootsessionuuid"]);
    plain(&sso_tool::process::Program::new(command).output().ok()?.stdout)
}

fn plain(text: &str) -> Option<String> {
    Some(text.trim()).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The host's name.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// When this process started, in clock ticks since boot (`proc_pid_stat(5)`, field 22): with the pid it
/// names a process for good, as pids come round again. `None` off Linux.
pub(crate) fn start_ticks() -> Option<i64> {
    ticks_of(&fs::read_to_string("/proc/self/stat").ok()?)
}

fn ticks_of(stat: &str) -> Option<i64> {
    // Field 2 is the program's name in parentheses, which may hold spaces and parentheses itself.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_program_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9";
        assert_eq!(ticks_of(stat), Some(4242));
        assert_eq!(ticks_of("7 (a"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_kernel_has_an_id() {
        assert_eq!(boot_id(), boot_id());
        assert!(boot_id().is_some());
    }
}
