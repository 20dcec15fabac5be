//! A long-running process of botocore (boto3, LiteLLM): with what it signs, and whether it outlives its credentials.

use serde_json::Value;

use crate::support::{Ended, Sandbox, end, python};

/// Asks STS twice with one client: at once, and when the first credentials are over.
const TWICE: &str = r#"
import botocore.session, datetime, json, os, time
session = botocore.session.Session()
sts = session.create_client("sts")
def ask():
    try:
        return [sts.get_caller_identity()["Arn"], session.get_credentials().get_frozen_credentials()]
    except Exception as err:
        return [repr(err), None]
first = ask()
end = os.environ.get("AWS_CREDENTIAL_EXPIRATION") or session.get_credentials()._expiry_time.isoformat()
end = datetime.datetime.fromisoformat(end.replace("Z", "+00:00"))
while datetime.datetime.now(datetime.timezone.utc) <= end + datetime.timedelta(milliseconds=10):
    time.sleep(0.05)
last = ask()
is_new = last[1] is not None and last[1].access_key != first[1].access_key
print(json.dumps([bool(first[1].token), is_new, first[0], last[0]]))
"#;

/// A shell line in a sandbox of the real clock, after a login; `$PYTHON` has botocore.
fn run(flags: &str, script: &str) -> Option<Ended> {
    let python = python()?;
    let sandbox = Sandbox::new();
    let twice = sandbox.write("twice.py", TWICE);
    let mut command = sandbox.tool(format!("sso-login sandbox --pending 0 {flags}").trim_end());
    let login = "sso-login demo --via device --no-browser > /dev/null 2>&1";
    command.env_remove("SSO_NOW").env("PYTHON", python).env("TWICE", twice);
    command.args(["--", "bash", "-euo", "pipefail", "-c", &format!("{login}\n{script}")]);
    Some(end(command, ""))
}

#[track_caller]
fn answers(ended: &Ended) -> Vec<Value> {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|err| panic!("{err}: {}{}", ended.stdout, ended.stderr))
}

#[test]
fn a_snapshot_signs_with_the_session_token_and_ends_with_it() {
    // B3, B-c9
    let Some(ended) = run("--role-lifetime 8s", "sso-login exec demo -- \"$PYTHON\" \"$TWICE\"") else {
        return;
    };
    let answers = answers(&ended);
    assert_eq!(answers[0], true, "the session token");
    assert!(
        answers[2].as_str().unwrap().contains("111122223333:assumed-role/AWSReservedSSO_Developer_"),
        "{answers:?}"
    );
    // STS said yes before (it checks the token); after the end botocore itself says that there are no others.
    assert_eq!(answers[1], false);
    assert!(answers[3].as_str().unwrap().contains("still expired"), "{answers:?}");
}

#[test]
fn without_its_token_the_key_is_no_key() {
    // B3: what the first test proves, proved to be able to fail.
    let script = "sso-login exec demo -- env -u AWS_SESSION_TOKEN -u AWS_CREDENTIAL_EXPIRATION \"$PYTHON\" -c '
import botocore.session
botocore.session.Session().create_client(\"sts\").get_caller_identity()' 2>&1 | grep -o InvalidClientTokenId | head -n 1";
    let Some(ended) = run("", script) else { return };
    assert_eq!(ended.stdout, "InvalidClientTokenId\n", "{}", ended.stderr);
}

#[test]
fn a_service_that_takes_the_profile_is_renewed_without_a_restart() {
    // B14 is needless then (H40)
    let script = "sso-login exec demo --renewing -- \"$PYTHON\" \"$TWICE\"";
    let Some(ended) = run("--role-lifetime 3s", script) else { return };
    let answers = answers(&ended);
    assert_eq!((&answers[0], &answers[1]), (&true.into(), &true.into()), "{answers:?}");
    assert_eq!(answers[2], answers[3]);
    assert!(answers[3].as_str().unwrap().contains("AWSReservedSSO_Developer_"), "{answers:?}");
}

#[test]
fn a_service_that_takes_a_credential_process_is_renewed_without_a_restart() {
    let script = "printf '\\n[profile by-us]\\ncredential_process = sso-login credentials demo\\nregion = eu-west-1\\n' >> ~/.aws/config
        AWS_PROFILE=by-us \"$PYTHON\" \"$TWICE\"";
    let Some(ended) = run("--role-lifetime 3s", script) else { return };
    let answers = answers(&ended);
    assert_eq!((&answers[0], &answers[1]), (&true.into(), &true.into()), "{answers:?}");
    assert_eq!(answers[2], answers[3]);
    assert!(answers[3].as_str().unwrap().contains("AWSReservedSSO_Developer_"), "{answers:?}");
}

#[test]
fn one_login_goes_on_through_the_end_of_its_access_token() {
    // The token is over as well: botocore renews it by the files that we wrote, or has us renew it.
    for profile in ["demo", "by-us"] {
        let script = format!(
            "printf '\\n[profile by-us]\\ncredential_process = sso-login credentials demo\\nregion = eu-west-1\\n' >> ~/.aws/config
            sso-login exec demo --renewing -- env AWS_PROFILE={profile} \"$PYTHON\" \"$TWICE\""
        );
        let Some(ended) = run("--role-lifetime 4s --token-lifetime 2s", &script) else { return };
        let answers = answers(&ended);
        assert_eq!((&answers[1], &answers[2]), (&true.into(), &answers[3]), "{profile}: {answers:?}");
        assert!(answers[3].as_str().unwrap().contains("AWSReservedSSO_Developer_"), "{answers:?}");
    }
}
