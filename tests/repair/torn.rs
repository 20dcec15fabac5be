//! What is torn, and what becomes of it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use serde_json::Value;

use crate::repair::{AFTER, LATER, of, put, read, registration, role, role_file, token, token_file};
use crate::support::{Sandbox, end, names};

#[test]
fn a_whole_object_is_saved_and_the_torn_file_is_put_aside() {
    let sandbox = Sandbox::new();
    let (corp, dev, keys) =
        (token_file(&sandbox, "corp"), token_file(&sandbox, "dev"), role_file(&sandbox, "corp"));
    let client = sandbox.token_dir().join("0123456789abcdef0123456789abcdef01234567.json");
    let torn = format!("{}\"}}", token("aoa-CANARY", AFTER));
    put(&corp, &torn);
    put(&dev, format!("{}{}", token("aoa-old", AFTER), token("aoa-new", LATER)));
    put(&keys, role(AFTER) + "}}");
    put(&client, registration() + "\"}");
    let ended = sandbox.run("sso-cache repair").exits(0);
    assert!(!ended.stdout.contains("CANARY"), "{}", ended.stdout);
    let documents = ended.documents();
    for (path, kind) in
        [(&corp, "token"), (&dev, "token"), (&keys, "role-credentials"), (&client, "registration")]
    {
        assert_eq!(of(&documents, path, "action"), "salvaged", "{documents:?}");
        assert_eq!(of(&documents, path, "kind"), kind);
    }
    assert_eq!(read(&corp), token("aoa-CANARY", AFTER));
    assert_eq!(read(&dev), token("aoa-new", LATER));
    assert_eq!(read(&keys), role(AFTER));
    assert_eq!(read(&client), registration());
    assert_eq!(fs::metadata(&corp).unwrap().mode() & 0o777, 0o600);
    assert_eq!(read(of(&documents, &corp, "quarantine").as_str().unwrap()), torn);
    assert_eq!(names(sandbox.token_dir()).len(), 3, "nothing is left behind");
    let again = sandbox.run("sso-cache repair").exits(0).documents();
    assert!(again.iter().all(|document| document["action"] == "none" && document.get("reason").is_none()));
}

#[test]
fn what_holds_nothing_whole_is_put_aside_and_a_login_can_write_again() {
    let sandbox = Sandbox::new();
    let whole = token("aoa", AFTER);
    for torn in [
        "",
        &whole[..1],
        &whole[..100],
        &whole[..whole.len() - 1],
        "[]",
        "{}",
        "\0\0\0",
        "{\"accessToken\": \"x\"}",
    ] {
        let corp = token_file(&sandbox, "corp");
        put(&corp, torn);
        let document = sandbox.run("sso-cache repair").exits(0).document();
        assert_eq!(document["action"], "quarantined", "{torn}: {document}");
        // Who reads that must log in is not to find it out by the next command.
        let reason = document["reason"].as_str().unwrap();
        assert!(reason.ends_with("; no whole token is left in it, so its session needs a login"), "{reason}");
        assert!(!corp.exists(), "{torn}");
        assert_eq!(read(document["quarantine"].as_str().unwrap()), torn);
    }
}

#[test]
fn a_good_file_keeps_its_inode_its_mode_and_its_time() {
    let sandbox = Sandbox::new();
    let corp = token_file(&sandbox, "corp");
    put(&corp, token("aoa", "2020-06-17T10:02:08UTC"));
    fs::set_permissions(&corp, fs::Permissions::from_mode(0o644)).unwrap();
    // Another tool's, of whatever form, and what is no `.json`.
    for (name, content) in [
        ("kiro-auth-token.json", "{\"accessToken\": \"x\"}"),
        ("other.json", "[1]"),
        ("twice.json", "{\"a\": 1, \"a\": 2}"),
        ("torn.json", "{\"a\""),
        ("session.db", "SQLite format 3"),
        ("x.json.tmp-1", "{"),
    ] {
        put(&sandbox.token_dir().join(name), content);
    }
    let stat = |name: &str| {
        let stat = fs::metadata(sandbox.token_dir().join(name)).unwrap();
        (stat.ino(), stat.mode(), stat.mtime_nsec(), stat.ctime_nsec())
    };
    let before: Vec<_> = names(sandbox.token_dir()).iter().map(|name| (name.clone(), stat(name))).collect();
    let documents = sandbox.run("sso-cache repair").exits(0).documents();
    assert!(documents.iter().all(|document| document["action"] == "none"), "{documents:?}");
    let torn = of(&documents, &sandbox.token_dir().join("torn.json"), "reason");
    assert!(torn.as_str().unwrap().contains("another tool owns it"), "{torn}");
    let after: Vec<_> = names(sandbox.token_dir()).iter().map(|name| (name.clone(), stat(name))).collect();
    assert_eq!(before, after);
    let document = sandbox.run("sso-cache repair torn.json").exits(0).document();
    assert_eq!(document["action"], "quarantined");
}

#[test]
fn a_dry_run_changes_nothing_and_says_the_same() {
    let sandbox = Sandbox::new();
    put(&token_file(&sandbox, "corp"), token("aoa", AFTER) + "}");
    put(&token_file(&sandbox, "dev"), "{");
    let before = names(sandbox.token_dir());
    let actions = |documents: &[Value]| -> Vec<_> {
        documents.iter().map(|document| (document["file"].clone(), document["action"].clone())).collect()
    };
    let dry = sandbox.run("sso-cache repair --dry-run").exits(0).documents();
    assert!(dry.iter().all(|document| document["dryRun"] == true && document.get("quarantine").is_none()));
    assert_eq!(names(sandbox.token_dir()), before);
    assert!(!sandbox.state().exists());
    assert_eq!(actions(&sandbox.run("sso-cache repair").exits(0).documents()), actions(&dry));
}

#[test]
fn a_link_is_never_followed_and_never_replaced() {
    let sandbox = Sandbox::new();
    let outside = sandbox.root().join("outside.json");
    put(&outside, token("aoa", AFTER) + "}");
    let corp = token_file(&sandbox, "corp");
    symlink(&outside, &corp).unwrap();
    symlink(&corp, token_file(&sandbox, "loop")).unwrap();
    symlink("nothing", token_file(&sandbox, "dangling")).unwrap();
    let documents = sandbox.run("sso-cache repair").exits(0).documents();
    for document in &documents {
        assert_eq!(document["action"], "none");
        assert!(document["reason"].as_str().unwrap().contains("is a link"), "{document}");
    }
    assert_eq!(documents.len(), 3);
    assert!(read(&outside).ends_with("}}") && corp.is_symlink());
}

#[test]
fn special_files_under_a_key_are_put_aside() {
    let sandbox = Sandbox::new();
    let corp = token_file(&sandbox, "corp");
    assert!(
        end(
            {
                let mut mkfifo = sandbox.command("mkfifo");
                mkfifo.arg(&corp);
                mkfifo
            },
            ""
        )
        .code
            == 0
    );
    let document = sandbox.run("sso-cache repair").exits(0).document();
    assert_eq!(document["action"], "quarantined");
    assert!(!corp.exists());
}

#[test]
fn the_text_names_only_what_was_torn() {
    let sandbox = Sandbox::new();
    put(&token_file(&sandbox, "corp"), token("aoa", AFTER));
    assert_eq!(sandbox.run("sso-cache repair --text").exits(0).stdout, "nothing to repair\n");
    put(&token_file(&sandbox, "dev"), token("aoa", AFTER) + "}");
    let text = sandbox.run("sso-cache repair --text --dry-run").exits(0).stdout;
    assert!(text.lines().last().unwrap().starts_with("would salvage    token"), "{text}");
    let text = sandbox.run("sso-cache repair --text").exits(0).stdout;
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.lines().last().unwrap().starts_with("salvaged         token"), "{text}");
}

/// Puts each content into a file of its own, under a key.
fn put_all(sandbox: &Sandbox, contents: &[Vec<u8>]) -> Vec<PathBuf> {
    let at = |n: usize| sandbox.token_dir().join(format!("{n:040x}.json"));
    contents.iter().enumerate().for_each(|(n, content)| put(&at(n), content));
    (0..contents.len()).map(at).collect()
}

#[test]
fn every_truncation_of_a_token_file_is_put_aside_and_the_whole_one_stays() {
    let sandbox = Sandbox::new();
    let whole = token("aoa", AFTER).into_bytes();
    let contents: Vec<_> = (0..=whole.len()).map(|length| whole[..length].to_vec()).collect();
    let files = put_all(&sandbox, &contents);
    sandbox.run("sso-cache repair").exits(0);
    let (last, truncated) = files.split_last().unwrap();
    assert!(truncated.iter().all(|file| !file.exists()));
    assert_eq!(fs::read(last).unwrap(), whole);
}

#[test]
fn every_damaged_byte_leaves_the_file_as_it_was_or_less_of_the_same_token() {
    let sandbox = Sandbox::new();
    let whole = token("aoa", AFTER);
    let original: Value = serde_json::from_str(&whole).unwrap();
    // What breaks JSON in its own ways: a bit, a quote, a brace, an escape, no text at all.
    for damage in [|byte: u8| byte ^ 1, |_| b'"', |_| b'}', |_| b'\\', |_| 0xff] {
        let damaged = |at: usize| {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = damage(bytes[at]);
            bytes
        };
        let contents: Vec<_> = (0..whole.len()).map(damaged).collect();
        let files = put_all(&sandbox, &contents);
        let documents = sandbox.run("sso-cache repair").exits(0).documents();
        for (file, content) in files.iter().zip(&contents) {
            let action = of(&documents, file, "action");
            let found = fs::read(file).ok();
            match action.as_str().unwrap() {
                "none" => assert_eq!(found.as_ref(), Some(content)),
                "quarantined" => assert_eq!(found, None),
                _ => {
                    let saved: Value = serde_json::from_slice(&found.unwrap()).unwrap();
                    let same = |(key, value): (&String, &Value)| original.get(key) == Some(value);
                    assert!(saved.as_object().unwrap().iter().all(same), "{saved}");
                }
            }
        }
    }
}

#[test]
fn where_nothing_can_be_put_aside_each_file_says_so_and_none_is_changed() {
    let sandbox = Sandbox::new();
    let (corp, dev) = (token_file(&sandbox, "corp"), token_file(&sandbox, "dev"));
    let (foreign, torn) =
        (sandbox.token_dir().join("other-tool.json"), format!("{}\"}}", token("aoa", AFTER)));
    put(&corp, &torn);
    put(&dev, token("aoa", AFTER));
    put(&foreign, "{");
    let mut command = sandbox.tool("sso-cache repair");
    command.env("SSO_STATE_DIR", dev.join("state"));
    let ended = end(command, "").exits(74).says("1 of the cache's files cannot be repaired");
    let documents = ended.documents();
    let error = of(&documents, &corp, "error").as_str().unwrap();
    assert!(error.contains(&format!("cannot repair {}: cannot make ", corp.display())), "{error}");
    assert_eq!(
        (of(&documents, &dev, "action"), of(&documents, &foreign, "action")),
        (&"none".into(), &"none".into())
    );
    assert_eq!((read(&corp), read(&foreign)), (torn, "{".to_owned()));
}
