//! botocore and the AWS CLI as judges of our keys and files.

use std::path::Path;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use sso_cache::folder::Cache;
use sso_cache::key::{self, Registrant, Session};
use sso_cache::registration::{Flow, Registration};
use sso_cache::token::Token;
use sso_tool::time;

use crate::cache::URL;
use crate::support::{Sandbox, end, peer, python};

/// Runs a Python script with JSON on its standard input and JSON on its standard output.
fn ask(sandbox: &Sandbox, python: &Path, script: &str, question: &Value) -> Value {
    let mut command = sandbox.command(python);
    command.args(["-c", script]);
    end(command, &question.to_string()).exits(0).document()
}

/// Free-form texts, the same in every run.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let any = (0..200).map(|_| ".{1,12}".new_tree(&mut runner).unwrap().current());
    any.chain(["my", "é", "a\u{7f}b", "\"\\/\u{8}\t", "\u{1f600}", "0"].map(str::to_owned)).collect()
}

#[test]
fn botocore_computes_the_same_token_and_role_keys() {
    let Some(python) = python() else { return };
    let sandbox = Sandbox::new();
    let script = "
import json, sys
from botocore.utils import SSOTokenLoader
from botocore.credentials import SSOCredentialFetcher, AssumeRoleCredentialFetcher
def keys(text):
    loader = SSOTokenLoader()
    role = lambda **name: SSOCredentialFetcher(name.get('url'), 'r', text, text, None, sso_session_name=name.get('session'))._create_cache_key()
    arguments = {'ExternalId': text, 'DurationSeconds': 900, 'Policy': json.dumps({'b': [text, None, True], 'a': {'z': 1, 'c': text}})}
    assume = AssumeRoleCredentialFetcher(None, None, text, extra_args=arguments)
    return [loader._generate_cache_key('u', text), loader._generate_cache_key(text, None), role(session=text), role(url=text), assume._create_cache_key()]
print(json.dumps({'keys': [keys(text) for text in json.load(sys.stdin)]}))
";
    let texts = texts();
    let ours: Vec<_> = texts
        .iter()
        .map(|text| {
            let (named, legacy) = (Session::Named(text), Session::Legacy(text));
            let policy = json!({"b": [text, null, true], "a": {"z": 1, "c": text}});
            let arguments =
                json!({"RoleArn": text, "Policy": policy, "ExternalId": text, "DurationSeconds": 900});
            json!([
                key::token(named),
                key::token(legacy),
                key::role(text, text, named),
                key::role(text, text, legacy),
                key::assume_role(arguments.as_object().unwrap()),
            ])
        })
        .collect();
    assert_eq!(ask(&sandbox, &python, script, &json!(texts))["keys"], json!(ours));
}

#[test]
fn the_aws_cli_computes_the_same_registration_keys() {
    // PyPI's botocore registers nothing; the AWS CLI's own copy does.
    let Some(python) = peer("SSO_TEST_AWS_PYTHON", "/usr/bin/python3") else { return };
    let sandbox = Sandbox::new();
    let script = "
import json, sys
from awscli.botocore.utils import SSOTokenFetcher
def key(text, scopes, session):
    return SSOTokenFetcher(text, None)._registration_cache_key(text, session, scopes)
print(json.dumps({'keys': [[key(t, [t, 'a'], t), key(t, None, t), key(t, None, None)] for t in json.load(sys.stdin)]}))
";
    let texts = texts();
    let ours: Vec<_> = texts
        .iter()
        .map(|text| {
            let scopes = [text.clone(), "a".to_owned()];
            let of = |scopes, session_name| {
                key::registration(Registrant {
                    region: text,
                    scopes,
                    session_name,
                    start_url: text,
                    tool: "botocore",
                })
            };
            json!([of(Some(&scopes[..]), Some(text)), of(None, Some(text)), of(None, None)])
        })
        .collect();
    assert_eq!(ask(&sandbox, &python, script, &json!(texts))["keys"], json!(ours));
}

#[test]
fn botocore_takes_the_files_we_write() {
    let Some(python) = python() else { return };
    let sandbox = Sandbox::new();
    let cache = Cache::of_home(sandbox.home());
    let at = |text: &str| time::parse(text).unwrap();
    let mut token = Token::new("access-é".into(), at("2099-01-01T00:00:00Z"));
    token.start_url = Some(URL.to_owned());
    token.region = Some("eu-west-1".to_owned());
    token.write(&cache.token(Session::Named("corp"))).unwrap();
    let registrant = Registrant {
        region: "eu-west-1",
        scopes: None,
        session_name: Some("corp"),
        start_url: URL,
        tool: Flow::Device.tool(),
    };
    let registration =
        Registration::new("client", "secret-é".into(), at("2099-01-01T00:00:00Z"), Flow::Device);
    registration.write(&cache.registration(registrant)).unwrap();
    sandbox.write(".aws/config", format!("[profile p]\nsso_session = corp\n[sso-session corp]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"));
    let script = "
import json, sys
from botocore.session import Session
from botocore.tokens import SSOTokenProvider
from botocore.utils import JSONFileCache
question = json.load(sys.stdin)
frozen = SSOTokenProvider(Session(profile='p')).load_token().get_frozen_token()
registration = JSONFileCache(question['dir'])[question['key']]
print(json.dumps({'token': frozen.token, 'expiration': frozen.expiration.isoformat(), 'secret': registration['clientSecret']}))
";
    let question = json!({"dir": cache.token_dir(), "key": key::registration(registrant)});
    let expected =
        json!({"token": "access-é", "expiration": "2099-01-01T00:00:00+00:00", "secret": "secret-é"});
    assert_eq!(ask(&sandbox, &python, script, &question), expected);
}
