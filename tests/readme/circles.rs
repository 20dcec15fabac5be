//! No circle between files, no arrow upwards between the rooms of `sso-login`: a file can be read, tested and changed with
//! what stands below it alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use super::project;

/// The crates, from the one that all stand on.
const CRATES: [&str; 6] = ["lib/sso-tool", "sso-lock", "sso-cache", "sso-profile", "sso-signal", "sso-login"];

/// The rooms of `sso-login`, lower to higher; a name is a folder of `src` or a file of it. A room uses itself and what
/// stands before it; rooms of one line don't use each other. CONTRIBUTING has the same list.
const ROOMS: [&[&str]; 12] = [
    &["interrupt", "terminal", "countdown"],
    &["runtime"],
    &["aws_api"],
    &["session"],
    &["flows"],
    &["aws_cli", "sandbox"],
    &["ask", "credentials"],
    &["remote", "setup", "serve"],
    &["login", "doctor"],
    &["keys"],
    &["commands"],
    &["cli"],
];

/// Arrows that stay although they close a circle: from, to, and why. A parent that declares its children and hands on what
/// they have needs no line here: what is only handed on is no arrow.
const EXEMPT: [(&str, &str, &str); 0] = [];

/// The words of a source without comments, literals and what only tests compile.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    let next = |at: usize| chars.get(at).copied().unwrap_or(' ');
    while at < chars.len() {
        let from = at;
        match chars[at] {
            '/' if next(at + 1) == '/' => at += chars[at..].iter().take_while(|c| **c != '\n').count(),
            // A raw string ends with its own number of marks.
            'r' if next(at + 1) == '"' || next(at + 1) == '#' && ['"', '#'].contains(&next(at + 2)) => {
                let marks = chars[at + 1..].iter().take_while(|c| **c == '#').count();
                at += marks + 2;
                let end: Vec<char> = format!("\"{}", "#".repeat(marks)).chars().collect();
                while at < chars.len() && !chars[at..].starts_with(&end) {
                    at += 1;
                }
                at += end.len();
            }
            '"' => {
                at += 1;
                while at < chars.len() && chars[at] != '"' {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
            }
            // A letter in quotes; a lifetime has no second quote.
            '\'' if next(at + 1) == '\\' || next(at + 2) == '\'' => {
                at += 3;
                while at < chars.len() && chars[at - 1] != '\'' {
                    at += 1;
                }
            }
            ':' if next(at + 1) == ':' => {
                at += 2;
                words.push("::".to_owned());
            }
            c if c.is_alphanumeric() || c == '_' => {
                at += chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
                words.push(chars[from..at].iter().collect());
            }
            c => {
                at += 1;
                if !c.is_whitespace() {
                    words.push(c.to_string());
                }
            }
        }
    }
    without_tests(&words)
}

/// The words without the items that have `#[cfg(test)]`, but for `mod NAME;`, which tells whose file is a test.
fn without_tests(words: &[String]) -> Vec<String> {
    let mark = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if !words[at..].iter().map(String::as_str).take(mark.len()).eq(mark) {
            kept.push(words[at].clone());
            at += 1;
            continue;
        }
        let mut depth = 0;
        at += mark.len();
        while at < words.len() {
            let word = words[at].as_str();
            depth += i32::from(word == "{") - i32::from(word == "}");
            at += 1;
            if depth == 0 && (word == "}" || word == ";") {
                break;
            }
        }
    }
    kept
}

/// A use of another module: its path from the crate's root, and the name it is handed on as, if it is public.
struct Use {
    path: Vec<String>,
    exported: Option<String>,
}

/// The modules of a crate by their path, each with its file and what it uses.
struct Modules {
    files: BTreeMap<Vec<String>, String>,
    uses: BTreeMap<Vec<String>, Vec<Use>>,
}

impl Modules {
    fn of(crate_name: &str) -> Self {
        let src = project(crate_name).join("src");
        let mut sources = Vec::new();
        collect(&src, &mut sources);
        let mut files = BTreeMap::new();
        let mut texts = BTreeMap::new();
        for path in sources {
            let inner = path.strip_prefix(&src).unwrap().with_extension("");
            let mut module: Vec<_> = inner.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            // Files of tests and the fuzzers of a crate are compiled with its tests only.
            let last = module.last().unwrap().clone();
            if last == "tests" || last == "fuzz" {
                continue;
            }
            if ["mod", "lib"].contains(&last.as_str()) {
                module.pop();
            }
            if last == "main" && src.join("lib.rs").exists() {
                continue;
            }
            files.insert(module.clone(), format!("{crate_name}/src/{}.rs", inner.display()));
            texts.insert(module, words(&fs::read_to_string(&path).unwrap()));
        }
        let names: BTreeSet<Vec<String>> = files.keys().cloned().collect();
        let uses =
            texts.iter().map(|(module, words)| (module.clone(), uses(module, words, &names))).collect();
        Self { files, uses }
    }

    /// The module that a path leads to, through what modules hand on.
    fn target(&self, path: &[String], depth: usize) -> Vec<String> {
        let known = (0..=path.len()).rev().find(|len| self.files.contains_key(&path[..*len]));
        let (module, rest) = path.split_at(known.unwrap_or_default());
        let exported = rest.first().filter(|_| depth < 8).and_then(|name| {
            let uses = self.uses.get(module)?;
            uses.iter().find(|used| used.exported.as_deref() == Some(name))
        });
        match exported {
            Some(used) => self.target(&used.path, depth + 1),
            None => module.to_vec(),
        }
    }

    /// The arrows between files. What a module merely hands on isn't its own need.
    fn arrows(&self) -> BTreeSet<(String, String)> {
        let mut arrows = BTreeSet::new();
        for (module, uses) in &self.uses {
            for used in uses.iter().filter(|used| used.exported.is_none()) {
                let target = self.target(&used.path, 0);
                if target != *module && self.files.contains_key(&target) {
                    arrows.insert((self.files[module].clone(), self.files[&target].clone()));
                }
            }
        }
        arrows
    }
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
}

/// The path of a module's word list from the root, if it begins in this crate.
fn absolute(module: &[String], path: &[String], names: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let mut base = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module[..module.len().checked_sub(1)?].to_vec(),
        child => {
            let child = [module, &[child.to_owned()]].concat();
            return names.contains(&child).then(|| [module, path].concat());
        }
    };
    for part in &path[1..] {
        if part == "super" {
            base.pop()?;
        } else if part != "self" {
            base.push(part.clone());
        }
    }
    Some(base)
}

fn uses(module: &[String], words: &[String], names: &BTreeSet<Vec<String>>) -> Vec<Use> {
    let mut uses = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if words[at] == "use" {
            let is_public = at > 0 && (words[at - 1] == "pub" || words[at - 1] == ")");
            let mut found = Vec::new();
            at = tree(words, at + 1, &[], &mut found);
            for (path, alias) in found {
                if let Some(path) = absolute(module, &path, names) {
                    let exported = is_public.then_some(alias);
                    uses.push(Use { path, exported });
                }
            }
            continue;
        }
        let is_first = at == 0 || words[at - 1] != "::";
        let mut path = vec![words[at].clone()];
        while at + 2 < words.len() && words[at + 1] == "::" && is_name(&words[at + 2]) {
            path.push(words[at + 2].clone());
            at += 2;
        }
        // The list of subcommands: `Name in file`.
        let is_listed = at > 1 && words[at - 1] == "in" && is_name(&words[at - 2]);
        if is_first && (path.len() > 1 || is_listed) {
            uses.extend(absolute(module, &path, names).map(|path| Use { path, exported: None }));
        }
        at += 1;
    }
    uses
}

fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Reads a tree of `use` from `at`; says where it ends.
fn tree(words: &[String], mut at: usize, prefix: &[String], found: &mut Vec<(Vec<String>, String)>) -> usize {
    let mut path = prefix.to_vec();
    while at < words.len() {
        match words[at].as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while words[at] != "}" {
                    at = tree(words, at, &path, found);
                    at += usize::from(words[at] == ",");
                }
                return at + 1;
            }
            "as" => {
                found.push((path, words[at + 1].clone()));
                return at + 2;
            }
            "," | "}" | ";" => {
                let name = path.iter().rev().find(|part| *part != "self").cloned().unwrap_or_default();
                found.push((path, name));
                return at;
            }
            word => {
                path.push(word.to_owned());
                at += 1;
            }
        }
    }
    at
}

/// The shortest way from a file back to itself, if there is one.
fn circle(arrows: &BTreeMap<&str, Vec<&str>>, start: &str) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut files = VecDeque::from([start]);
    while let Some(file) = files.pop_front() {
        for next in arrows.get(file).into_iter().flatten() {
            if !before.contains_key(next) {
                before.insert(next, file);
                files.push_back(next);
            }
        }
        if let Some(mut last) = before.get(start) {
            let mut way = vec![start.to_owned(), (*last).to_owned()];
            while *last != start {
                last = &before[last];
                way.push((*last).to_owned());
            }
            way.reverse();
            return Some(way);
        }
    }
    None
}

/// The arrows of a crate but for the exempt ones.
fn arrows(crate_name: &str) -> BTreeSet<(String, String)> {
    let exempt: BTreeSet<_> =
        EXEMPT.iter().map(|(from, to, _)| ((*from).to_owned(), (*to).to_owned())).collect();
    let all = Modules::of(crate_name).arrows();
    for arrow in exempt.iter().filter(|arrow| arrow.0.starts_with(&format!("{crate_name}/"))) {
        assert!(all.contains(arrow), "no longer there, so it needs no exemption: {arrow:?}");
    }
    &all - &exempt
}

#[test]
fn no_circle_is_between_files() {
    let mut circles = BTreeSet::new();
    let mut count = 0;
    for crate_name in CRATES {
        let arrows = arrows(crate_name);
        count += arrows.len();
        let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in &arrows {
            by_file.entry(from).or_default().push(to);
        }
        for file in by_file.keys() {
            if let Some(way) = circle(&by_file, file) {
                let least = way.iter().min().unwrap();
                let at = way.iter().position(|file| file == least).unwrap();
                let mut turned: Vec<_> = way[at..way.len() - 1].iter().chain(&way[..at]).cloned().collect();
                turned.push(least.clone());
                circles.insert(turned.join(" -> "));
            }
        }
    }
    assert!(count > 500, "the sources are read: {count}");
    let circles: Vec<_> = circles.into_iter().collect();
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.join("\n"));
}

#[test]
fn no_arrow_goes_upwards_between_rooms() {
    let room = |file: &str| {
        let inner = file.strip_prefix("sso-login/src/").unwrap();
        inner.split('/').next().unwrap().trim_end_matches(".rs").to_owned()
    };
    let height = |file: &str| {
        let room = room(file);
        let height = ROOMS.iter().position(|rooms| rooms.contains(&room.as_str()));
        height.unwrap_or_else(|| panic!("{room} has no place in the order"))
    };
    let mut upwards = Vec::new();
    for (from, to) in arrows("sso-login") {
        let is_upwards =
            height(&from) < height(&to) || height(&from) == height(&to) && room(&from) != room(&to);
        if is_upwards {
            upwards.push(format!("{from} -> {to}"));
        }
    }
    assert!(upwards.is_empty(), "{} arrows:\n{}", upwards.len(), upwards.join("\n"));
}

#[test]
fn the_guide_for_contributors_has_the_same_order_of_rooms() {
    let guide = fs::read_to_string(project("CONTRIBUTING.md")).unwrap();
    let section = guide.split_once("have an order").unwrap().1.split("\n## ").next().unwrap();
    let named: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| line.split('`').skip(1).step_by(2).collect())
        .collect();
    assert_eq!(named, ROOMS);
    for room in ROOMS.concat() {
        let src = project("sso-login/src");
        assert!(src.join(room).is_dir() || src.join(format!("{room}.rs")).exists(), "{room} is gone");
    }
}

#[test]
fn what_a_source_uses_is_read_and_a_way_back_is_found() {
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    let names = BTreeSet::from([path("a"), path("a::b"), path("c")]);
    let source = "use crate::c::{self, D as E}; pub use b::F; // use crate::x;\n\
                  #[cfg(test)] mod tests { use crate::y; } fn f<'a>(g: &'a str) { super::c::h(\"crate::z\", '\"'); }";
    let read = uses(&path("a"), &words(source), &names);
    let read: Vec<_> = read.iter().map(|used| (used.path.join("::"), used.exported.as_deref())).collect();
    let expected = [("c", None), ("c::D", None), ("a::b::F", Some("F")), ("c::h", None)];
    assert_eq!(read, expected.map(|(path, exported)| (path.to_owned(), exported)));

    let arrows = BTreeMap::from([("a", vec!["b"]), ("b", vec!["c", "d"]), ("c", vec![]), ("d", vec!["a"])]);
    assert_eq!(circle(&arrows, "a").unwrap().join(" -> "), "a -> b -> d -> a");
    assert_eq!(circle(&arrows, "c"), None);
}
