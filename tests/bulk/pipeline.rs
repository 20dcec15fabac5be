//! From the portal's listing to profiles that give credentials, in the sandbox's AWS.

use crate::support::{Sandbox, end, tool, tools};

#[test]
fn a_whole_organisation_is_written_used_and_pruned() {
    if !tools().join("sso-login").exists() {
        assert!(std::env::var_os("CI").is_none(), "sso-login isn't built: run `cargo test --workspace`");
        crate::support::skip("sso-login isn't built (cargo test --workspace)");
        return;
    }
    let sandbox = Sandbox::new();
    let script = "set -euo pipefail
        sso-login demo --via device --no-browser > /dev/null 2>&1
        cp \"$HOME/.aws/config\" before
        sso-login accounts demo > roles
        sso-profile write --all --region eu-west-1 --text < roles
        sso-profile write --all --prune --text < roles
        sso-login credentials Other-ReadOnly --format env | grep -o 'AWS_ACCESS_KEY_ID=ASIA'
        (head -n 2 roles | sso-profile write --all --prune 2>&1 || echo \"$?\") | cut -d, -f1
        grep -v '\"444455556666\"' roles | sso-profile write --all --prune --complete --region eu-west-1 --text
        grep ReadOnly roles | sso-profile write --all --prune --complete --region eu-west-1 --text
        sso-profile choose --pick accountName=Other --pick roleName=ReadOnly < roles | sso-profile write picked --region eu-west-1 --text
        head -c \"$(wc -c < before)\" \"$HOME/.aws/config\" | cmp - before && echo kept";
    let mut command = sandbox.command(tool("sso-login"));
    command.args(["sandbox", "--", "bash", "-c", script]).env_remove("SSO_NOW");
    let ended = end(command, "");
    assert_eq!(
        ended.stdout,
        "6 added, 0 replaced, 0 unchanged, 0 removed\n0 added, 0 replaced, 6 unchanged, 0 removed\n\
         AWS_ACCESS_KEY_ID=ASIA\n\
         sso-profile: the listing of session `sandbox` is incomplete: it was cut short\n\
         sso-profile: hint: list again\n65\n\
         0 added, 0 replaced, 3 unchanged, 3 removed\n1 added, 0 replaced, 1 unchanged, 2 removed\nprofile `picked` added\nkept\n",
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, 0);
}
