//! The same files through botocore and through us.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value as Json, json};
use sso_profile::config::{Content, Keys, Named, parse_credentials};
use sso_profile::ini::Value;

use crate::support;

/// A row of AWS-FORMATS 7 or a corner near it, each a file of its own.
const GRAMMAR: &[&[u8]] = &[
    b"",
    b"\n\n",
    b"# only a comment\n",
    b"\xef\xbb\xbf[default]\nregion = x\n",
    b"\xef\xbb\xbf",
    b"\xef\xbb\xbf# c\n[default]\n",
    b"[default]\r\nregion = x\r\n\r\n[profile a]\r\nk=v\r\n",
    b"[default]\rregion = x\r[profile a]\rk=v",
    b"# c\n; c\n[profile a]\n# c\nk = v\n; c\nl = w\n",
    b"[profile a]\nk = v\n  # c\n  w\n\t; c\nl = w\n",
    b"  # c\n[profile a]\n",
    b"[profile a]\nk = v # c\nl = w ; c\nm = #c\n",
    b"[profile a] # c\nk = v\n",
    b"[profile b];c\nk = v\n",
    b"[profile a] ] # c]\nk = v\n",
    b"[profile a]\nk=1\n[profile b]\n[profile a]\nl=2\n",
    b"[profile a]\nk=1\nk=2\n",
    b"[profile a]\nregion=1\nRegion=2\n",
    b"[profile a]\nk=1\nl=1\n[profile \"a\"]\nk=2\n[profile b]\n",
    b"[profile \"x y\"]\nk=1\n[profile 'v w']\nk=2\n",
    b"[profile x y]\nk=1\n",
    b"[profile \"x]\nk=1\n[profile 'x]\n[profile x\\]\n",
    b"[ profile a ]\nk=1\n",
    b"[profile   a]\nk=1\n[profile\tb]\nk=2\n[profile  c  ]\nk=3\n",
    b"[profile a]\nSSO_Region = x\nKEY = v\n",
    b"[Profile a]\nk=1\n[profile A]\nk=2\n[Default]\nk=3\n",
    b"[profile a]\nk: v\nl : w = x\nm = x : y\n",
    b"[profile a]\nkey\n",
    b"[profile a]\n= v\n",
    b"[profile a]\n: v\nk = v\n",
    b"k = v\n[profile a]\n",
    b"[profile a]\nk = \"v\"\nl = 'w'\n",
    "[profile ünï]\nk=ü\n[profile 日本]\nÜ=x\n".as_bytes(),
    b"[profile a]\nk = \xff\n",
    b"[profile a]\nk = v\n# \xed\xa0\x80\n",
    b"[DEFAULT]\nregion = x\n[profile a]\nk=v\n[sso-session s]\nregion=y\n[x]\n",
    b"[DEFAULT]\na=1\n[profile p]\n[DEFAULT]\nb=2\n[profile q]\nc=3\n",
    b"[DEFAULT]\na=1\n[DEFAULT]\nA=2\n",
    b"[DEFAULT]\nbad =\n  line\n",
    b"[DEFAULT]\nbad =\n  line\n[x]\n",
    b"[DEFAULT]\nbad =\n  line\n[x]\nbad = fine\n",
    b"[default]\na=1\n[profile default]\nb=2\n",
    b"[profile default]\nb=2\n[default]\na=1\n",
    b"[profiles foo]\nk=1\n[profileX bar]\nk=2\n[profile]\nk=3\n[profiles]\n[sso-sessions s]\nk=4\n[servicesX t]\nk=5\n",
    b"[foo]\nk=1\n[plugins]\ncli = x\n[preview]\n",
    b"[profile a]\nk = 100%\nl = %(k)s ${k}\n",
    b"[]\n",
    b"[]]\nk=v\n",
    b"[profile a\nk=v\n",
    b"[x]\n[profile a\n",
    b"[x]\n[a=b\n[c]=d\n",
    b"[profile a] k = v\n",
    b"[services s]\nsso =\n  endpoint_url = http://127.0.0.1\n  Other=x\n\nsts=\n    # c\n    endpoint_url = y\n",
    b"[profile a]\ns3 =\n  k = v\n  line\n",
    b"[profile a]\ns3 =\n  = v\n  k =\n  k = w\n",
    b"[profile a]\ns3 =\n\n\n   k = v = w\n\n# c\n   l = x\nregion = z\n",
    b"[profile a]\nregion = x\n  output = json\nk = v\n",
    b"[profile a]\nregion = x\n\n\n  output = json\n\n",
    b"[profile a]\n  k = v\n  l = w\n m = x\n   n = y\n",
    b"[profile a]\n  k = v\n  [profile b]\nl = w\n",
    b"[profile a]\nk = v\n  [profile b]\n  l = w\n",
    b"  [profile a]\n k = v\n  [profile b]\n",
    b"[profile a]\n    [profile b]\n  k = v\n",
    b"[profile a]\nk =\n[profile b]\nl =\n\n",
    b"[profile a]\nk =\n   \n  x=y\n",
    b"[profile a]\n\xc2\xa0k = v\n\xe2\x80\x83l = w\n",
    b"[profile a]\n\x0ck\x0c=\x0cv\x0c\n\x1cl=\x1fw\n",
    b"[profile a]\nk = v\x0bw\x0cx\xc2\x85y\xe2\x80\xa8z\n",
    b"[profile a]\nk =\n  a = b\x0bc = d\xe2\x80\xa9e = f\n",
    b"[profile a]\nk =\n  a = b\x0cjunk\n",
    b"[profile a]\nk\tkk = v\nl l : w\n",
    b"[profile \"\"]\nk=1\n[profile ' ']\nk=2\n",
    b"[profile a\\ b]\nk=1\n[profile \"a\\\"b\"]\nk=2\n[profile \"a\\b\"]\n[profile pro\"fi\"le]\n",
    b"[profile a'b'c]\nk=1\n[profile'x' y]\nk=2\n[profile x]y]\n[profile x\x0cy]\n",
    b"[profile a]\nk=v\x00w\n",
    b"[profile a]\nk=v",
    b"[profile a]",
    b"[sso-session s]\nsso_start_url = https://d-1234567890.awsapps.com/start#/\nsso_region = us-east-1\n",
    "[profile a]\nİ = 1\nΑΣ = 2\nẞ = 3\n".as_bytes(),
    "[profile a]\nΑΣ = 2\nας = 3\n".as_bytes(),
];

fn pairs(keys: &Keys) -> Json {
    let value = |value: &Value| match value {
        Value::Text(text) => json!(text),
        Value::Block(block) => json!(block),
    };
    keys.iter().map(|(key, of)| json!([key, value(of)])).collect()
}

fn named(sections: &Named) -> Json {
    sections.iter().map(|(name, keys)| json!([name, pairs(keys)])).collect()
}

/// What we make of a file, in the form of `botocore_reads.py`.
fn ours(content: &[u8]) -> Json {
    let Ok(text) = std::str::from_utf8(content) else { return json!([null, null]) };
    let config = Content::parse(text).ok().map(|content| {
        let Content { profiles, sessions, services, others, .. } = content;
        json!([named(&profiles), named(&sessions), named(&services), named(&others)])
    });
    json!([config, parse_credentials(text).ok().as_ref().map(named)])
}

/// What botocore makes of each file, all in one process. `None` if it isn't here.
pub fn theirs(files: &[Vec<u8>]) -> Option<Vec<Json>> {
    let input: Vec<String> =
        files.iter().map(|file| file.iter().copied().map(char::from).collect()).collect();
    ask("botocore_reads.py", &json!(input))
}

/// What one of the scripts in `fixtures/config` answers, an item for each of the input. `None` if there is no botocore.
pub fn ask(name: &str, input: &Json) -> Option<Vec<Json>> {
    let python = support::python()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/config");
    if !Command::new(&python)
        .args(["-c", "import botocore"])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
    {
        assert!(std::env::var_os("CI").is_none(), "this Python has no botocore: see SSO_TEST_PYTHON");
        crate::support::skip("this Python has no botocore (SSO_TEST_PYTHON)");
        return None;
    }
    let mut command = Command::new(python);
    command.arg(folder.join(name)).env("PYTHONUTF8", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
        command.env_remove(variable);
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{name} failed");
    let answers: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), input.as_array().unwrap().len());
    Some(answers)
}

#[track_caller]
fn check(files: &[Vec<u8>]) {
    let Some(answers) = theirs(files) else { return };
    for (file, theirs) in files.iter().zip(answers) {
        let ours = ours(file);
        // As text: the order of sections and keys counts too.
        assert_eq!(ours.to_string(), theirs.to_string(), "\n--- {}\n---", file.escape_ascii());
    }
}

/// Config text made of the pieces that matter, in any order.
pub fn free_form() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            "[profile a]", "[profile b]", "[default]", "[DEFAULT]", "[sso-session s]", "[services s]", "[x]",
            "[profile \"a\"]", "[profile 'x y']", "[profile   c]", "[profiles d]", "[profile x y]",
            "[profile a] # c", "[ profile a ]", "[profile \"a", "[plugins]",
        ]).prop_map(str::to_owned),
        12 => ("[kKlmn]{1,2}", "[ \t]{0,2}[=:][ \t]{0,2}", "[a-c# ;=:\"]{0,5}").prop_map(|(k, d, v)| k + &d + &v),
        2 => prop::sample::select(vec!["# c", "; c", "", "  ", "k", "=v", "]", "[", "[]"]).prop_map(str::to_owned),
        1 => "[ -~\u{85}\u{a0}\u{2028}\u{b}\u{c}\u{1c}ÜüΣßİ]{0,6}",
    ];
    let indent =
        prop_oneof![8 => Just(""), 2 => Just(" "), 2 => Just("  "), 1 => Just("\t"), 1 => Just("\u{a0}")];
    let end = prop_oneof![12 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")];
    let line = (indent, piece, end).prop_map(|(indent, piece, end)| format!("{indent}{piece}{end}"));
    prop::collection::vec(line, 0..14).prop_map(|lines| lines.concat())
}

/// Many samples of a strategy, from a seed that `PROPTEST_RNG_SEED` can change.
pub fn samples<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn every_row_of_the_grammar_reads_as_botocore_reads_it() {
    check(&GRAMMAR.iter().map(|file| file.to_vec()).collect::<Vec<_>>());
}

#[test]
fn free_form_text_reads_as_botocore_reads_it() {
    let texts: Vec<_> = samples(&free_form(), 4000).into_iter().map(String::into_bytes).collect();
    let refused = texts.iter().filter(|text| ours(text)[0].is_null()).count();
    assert!(refused < texts.len() * 9 / 10, "too few files that parse: {refused} of {} refused", texts.len());
    check(&texts);
}
