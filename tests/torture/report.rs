//! What was done, and the tables of docs/reliability.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::readme::project;

use super::{acts, scenes};

/// What came of one fault.
pub struct Run {
    /// Whether the command said that it failed, or was killed.
    pub failed: bool,
    pub loss: Option<String>,
}

/// One act or scene in one round.
pub struct Cell {
    round: u64,
    name: String,
    faults: BTreeMap<String, u64>,
    failed: u64,
    losses: Vec<String>,
}

impl Cell {
    pub fn new(round: u64, name: &str) -> Self {
        Self { round, name: name.to_owned(), faults: BTreeMap::new(), failed: 0, losses: Vec::new() }
    }

    pub fn add(&mut self, kind: &str, run: &Run) {
        *self.faults.entry(kind.to_owned()).or_default() += 1;
        self.failed += u64::from(run.failed);
        self.losses.extend(run.loss.clone());
    }
}

/// A line for each act and scene that is done: what was begun goes on there.
pub struct Ledger {
    path: PathBuf,
    lines: Mutex<Vec<Value>>,
}

impl Ledger {
    pub fn open(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join("ledger.jsonl");
        let text = fs::read_to_string(&path).unwrap_or_default();
        // The last line of a run that was killed may be cut short.
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Self { path, lines: Mutex::new(lines) }
    }

    pub fn has(&self, round: u64, name: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|line| line["round"] == round && line["name"] == name)
    }

    pub fn add(&self, cell: &Cell) {
        let line = json!({"round": cell.round, "name": cell.name, "faults": cell.faults, "failed": cell.failed,
            "losses": cell.losses});
        eprintln!("{line}");
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path).unwrap();
        writeln!(file, "{line}").unwrap();
        self.lines.lock().unwrap().push(line);
    }

    pub fn losses(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let losses = lines.iter().flat_map(|line| line["losses"].as_array().unwrap());
        losses.map(|loss| loss.as_str().unwrap().to_owned()).collect()
    }

    fn sum(&self, name: &str) -> (BTreeMap<String, u64>, u64, usize) {
        let lines = self.lines.lock().unwrap();
        let (mut faults, mut failed, mut losses) = (BTreeMap::new(), 0, 0);
        for line in lines.iter().filter(|line| line["name"] == name) {
            for (kind, count) in line["faults"].as_object().unwrap() {
                *faults.entry(kind.clone()).or_default() += count.as_u64().unwrap();
            }
            failed += line["failed"].as_u64().unwrap();
            losses += line["losses"].as_array().unwrap().len();
        }
        (faults, failed, losses)
    }
}

const BEGIN: &str = "<!-- torture -->";
const END: &str = "<!-- /torture -->";

/// Puts the tables between the marks of docs/reliability.md.
pub fn write(ledger: &Ledger) {
    let path = project("docs/reliability.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    fs::write(&path, format!("{before}{BEGIN}\n{}\n{END}{after}", tables(ledger))).unwrap();
}

fn tables(ledger: &Ledger) -> String {
    let kinds = ["SIGKILL", "ENOSPC", "EIO", "EINTR"];
    let mut text = String::from(
        "| command | SIGKILL | ENOSPC | EIO | EINTR | failed, and said so | losses |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut total = [0; 6];
    for act in acts::ALL {
        let (faults, failed, losses) = ledger.sum(act.name);
        let counts = kinds.map(|kind| faults.get(kind).copied().unwrap_or(0));
        let row = [counts[0], counts[1], counts[2], counts[3], failed, u64::try_from(losses).unwrap()];
        total.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
        let name = act.name.split_once(',').map_or_else(
            || format!("`sso-{}`", act.name),
            |(command, which)| format!("`sso-{command}`,{which}"),
        );
        row_of(&mut text, &name, &row);
    }
    row_of(&mut text, "all", &total);
    text.push_str("\n| what happens to the machine | runs | losses |\n|---|--:|--:|\n");
    for scene in scenes::ALL {
        let (faults, _, losses) = ledger.sum(scene.name);
        row_of(&mut text, scene.name, &[faults.values().sum(), u64::try_from(losses).unwrap()]);
    }
    text
}

fn row_of(text: &mut String, name: &str, counts: &[u64]) {
    write!(text, "| {name} |").unwrap();
    for count in counts {
        write!(text, " {count} |").unwrap();
    }
    text.push('\n');
}
