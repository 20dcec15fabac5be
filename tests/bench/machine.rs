//! What the numbers were measured on.

use std::fs;
use std::thread;

/// One line: processor, cores, kernel.
pub(crate) fn description() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")
        .map(|release| release.trim().split('-').next().unwrap_or_default().to_owned());
    format!(
        "{}, {} cores, {} {}",
        processor.as_deref().unwrap_or("unknown processor"),
        thread::available_parallelism().map_or(1, usize::from),
        std::env::consts::OS,
        kernel.as_deref().unwrap_or("")
    )
}
