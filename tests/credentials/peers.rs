//! The AWS CLI v2 and botocore as judges of what we hand out; tests/matrix has what every client shares with us.

use std::path::Path;

use serde_json::Value;

use crate::support::warm_aws::aws_warm;
use crate::support::{Ended, Sandbox, end, python};

/// A script in a sandbox of the real clock (theirs is, too), with the AWS CLI v2 as `aws`, after a login of ours.
fn run(aws: &Path, flags: &str, script: &str) -> Ended {
    let sandbox = Sandbox::new();
    sandbox.program("aws", &format!("#!/bin/sh\nexec {} \"$@\"\n", aws.display()));
    let mut command = sandbox.tool(format!("sso-login sandbox --pending 0 {flags}").trim_end());
    let login = "sso-login demo --via device --no-browser >/dev/null 2>&1";
    let helper = "stats() { python3 -c 'import os,urllib.request as u
print(u.urlopen(os.environ[\"SSO_SANDBOX_URL\"] + \"/sandbox/stats\").read().decode())'; }";
    command.env_remove("SSO_NOW").args(["--", "bash", "-euo", "pipefail", "-c"]);
    command.arg(format!("{helper}\n{login}\n{script}"));
    end(command, "")
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()
}

#[test]
fn every_format_is_the_aws_clis_but_for_the_zone_of_a_time_whoever_filled_the_cache() {
    let Some(aws) = aws_warm() else { return };
    let script = "for first in ours theirs; do
            rm -f ~/.aws/cli/cache/*
            for format in process env env-no-export powershell windows-cmd; do
                ours() { sso-login credentials demo --format $format; }
                theirs() { aws configure export-credentials --profile demo --format $format | sed 's/+00:00/Z/'; }
                $first > \"$HOME/first\"; ours > \"$HOME/ours\"; theirs > \"$HOME/theirs\"
                cmp \"$HOME/ours\" \"$HOME/theirs\"; cmp \"$HOME/ours\" \"$HOME/first\"
            done
        done
        test \"$(ls ~/.aws/cli/cache/*.json | wc -l)\" -eq 1
        stats";
    let seen = lines(&run(&aws, "", script).exits(0));
    assert_eq!(seen[0]["operations"]["GetRoleCredentials"], 2);
}

#[test]
fn static_keys_come_out_as_from_the_aws_cli() {
    let Some(aws) = aws_warm() else { return };
    let script = r#"printf '\n[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = a/b+c"d\\e=\n' >> ~/.aws/config
        printf '[named]\naws_access_key_id = AKIA2\naws_secret_access_key = é\naws_session_token = t\n' > ~/.aws/credentials
        printf '\n[profile process]\ncredential_process = cat "%s/x y"\n' "$HOME" >> ~/.aws/config
        printf '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":"2126-11-21T14:00:00Z"}' > "$HOME/x y"
        for profile in keys named process; do
            for format in process env; do
                # The AWS CLI doesn't quote what a shell takes for more than itself.
                if [ $profile-$format = keys-env ]; then continue; fi
                cmp <(sso-login credentials $profile --format $format) \
                    <(aws configure export-credentials --profile $profile --format $format | sed 's/+00:00/Z/')
            done
        done
        eval "$(sso-login credentials keys --format env)"
        [ "$AWS_SECRET_ACCESS_KEY" = 'a/b+c"d\e=' ]"#;
    run(&aws, "", script).exits(0);
}

#[test]
fn botocore_and_the_aws_cli_run_us_as_a_credential_process() {
    let (Some(aws), Some(python)) = (aws_warm(), python()) else { return };
    let script = format!(
        "printf '\\n[profile by-us]\\ncredential_process = sso-login credentials demo\\nregion = eu-west-1\\n' >> ~/.aws/config
        aws sts get-caller-identity --profile by-us --query Account
        '{}' -c '
import botocore.session, json
print(json.dumps(botocore.session.Session(profile=\"by-us\").create_client(\"sts\").get_caller_identity()[\"Arn\"]))
'
        sso-login logout demo >/dev/null
        ! aws sts get-caller-identity --profile by-us 2> \"$HOME/said\"
        grep -c 'run: sso-login demo' \"$HOME/said\"",
        python.display()
    );
    let seen = lines(&run(&aws, "", &script).exits(0));
    assert_eq!(seen[0], "111122223333");
    assert!(seen[1].as_str().unwrap().contains("AWSReservedSSO_Developer_"), "{seen:?}");
    assert_eq!(seen[2], 1);
}

#[test]
fn we_take_and_refresh_the_session_of_the_aws_cli_and_it_takes_ours() {
    let Some(aws) = aws_warm() else { return };
    // The AWS CLI logs in over our session; ten minutes make both refresh at once.
    let script = "rm -r ~/.aws/sso/cache
        aws sso login --profile demo --no-browser > /dev/null
        sso-login refresh demo | head -c 0
        sso-login whoami demo
        aws sts get-caller-identity --profile demo-admin --query Account
        sso-login refresh demo | head -c 0
        sso-login whoami demo-admin
        stats";
    let seen = lines(&run(&aws, "--token-lifetime 10m", script).exits(0));
    assert_eq!((&seen[0]["accountId"], &seen[1]), (&"111122223333".into(), &"111122223333".into()));
    assert!(seen[2]["arn"].as_str().unwrap().contains("AWSReservedSSO_Administrator_"), "{seen:?}");
    assert_eq!((&seen[3]["logins"], &seen[3]["refreshes"]), (&2.into(), &3.into()));
}

#[test]
fn a_command_of_exec_is_the_role_in_every_client() {
    let (Some(aws), Some(python)) = (aws_warm(), python()) else { return };
    for flags in ["", "--renewing"] {
        let script = format!(
            "export AWS_PROFILE=nobody
            sso-login exec demo {flags} -- aws sts get-caller-identity --query Account
            sso-login exec demo {flags} -- '{}' -c '
import botocore.session, json
session = botocore.session.Session()
print(json.dumps([session.create_client(\"sts\").get_caller_identity()[\"Account\"], session.get_config_variable(\"region\")]))
'",
            python.display()
        );
        let seen = lines(&run(&aws, "", &script).exits(0));
        assert_eq!(
            (&seen[0], &seen[1]),
            (&"111122223333".into(), &serde_json::json!(["111122223333", "eu-west-1"]))
        );
    }
}
