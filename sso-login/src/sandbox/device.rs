//! `StartDeviceAuthorization` (AWS-FORMATS 4), and what the user says to it.

use serde_json::{Value, json};
use sso_tool::time;

use super::behavior::Approval;
use super::client::{self, DEVICE_CODE};
use super::refusal::Refusal;
use super::world::{Decision, Device, World};
use crate::flows::random;

/// No vowels, so that no word comes out, and nothing that looks like something else.
const USER_CODE_LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Hosts that AWS owns (AWS-FORMATS 9): a start URL elsewhere is not of this organisation.
const START_URL_HOSTS: [&str; 5] =
    [".awsapps.com", ".awsapps.cn", ".app.aws", ".portal.amazonaws.com", ".portal.amazonaws.com.cn"];

/// Starts a device authorization: the codes, and where the user goes.
pub(super) fn start(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let (client_id, client) = client::authenticate(world, body)?;
    if !client.may(DEVICE_CODE) {
        return Err(Refusal::oidc("unauthorized_client"));
    }
    if !is_start_url(client::text(body, "startUrl")?) {
        return Err(Refusal::oidc("invalid_request").because("Unknown startUrl"));
    }
    let client_id = client_id.to_owned();
    let lifetime = world.behavior.device_expires_in;
    let expires_at = time::after(world.now(), lifetime);
    let device_code = random::token(48)?;
    let letters = random::letters(USER_CODE_LETTERS, 8)?;
    let user_code = format!("{}-{}", &letters[..4], &letters[4..]);
    let form_token = random::token(24)?;
    let page = format!("{}/device", world.oidc_url);
    let answer = json!({
        "deviceCode": device_code,
        "userCode": user_code,
        "verificationUri": page,
        "verificationUriComplete": format!("{page}?user_code={user_code}"),
        "expiresIn": lifetime.as_secs(),
        "interval": world.behavior.interval,
    });
    let device = Device {
        client_id,
        user_code,
        expires_at,
        decision: Decision::Undecided,
        polls: 0,
        used: false,
        form_token,
    };
    world.devices.insert(device_code, device);
    Ok(answer)
}

/// What one more poll of a device code finds. `Ok` means approved.
pub(super) fn poll(world: &mut World, device_code: &str, client_id: &str) -> Result<(), Refusal> {
    let now = world.now();
    let behavior = &world.behavior;
    let invalid = || Refusal::oidc("invalid_grant");
    let device = world.devices.get_mut(device_code).ok_or_else(invalid)?;
    if device.client_id != client_id || device.used {
        return Err(invalid());
    }
    let poll = device.polls;
    device.polls += 1;
    if now >= device.expires_at {
        return Err(Refusal::oidc("expired_token"));
    }
    if poll < behavior.slow_down {
        return Err(Refusal::oidc("slow_down"));
    }
    if device.decision == Decision::Undecided && behavior.approve == Approval::Auto {
        if poll < behavior.slow_down.saturating_add(behavior.pending) {
            return Err(Refusal::oidc("authorization_pending"));
        }
        if behavior.expire {
            return Err(Refusal::oidc("expired_token"));
        }
        device.decision = if behavior.deny { Decision::Denied } else { Decision::Allowed };
        world.journal.consents += u64::from(device.decision == Decision::Allowed);
    }
    match device.decision {
        Decision::Undecided if behavior.expire => Err(Refusal::oidc("expired_token")),
        Decision::Undecided => Err(Refusal::oidc("authorization_pending")),
        Decision::Denied => Err(Refusal::oidc("access_denied")),
        Decision::Allowed => {
            device.used = true;
            Ok(())
        }
    }
}

/// The device authorization that a user typed the code of, in any case, with or without the dash;
/// `None` if there is none or it is over.
pub(super) fn find<'a>(world: &'a mut World, user_code: &str) -> Option<&'a mut Device> {
    let now = world.now();
    let plain =
        |code: &str| code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    let wanted = plain(user_code);
    world.devices.values_mut().find(|device| now < device.expires_at && plain(&device.user_code) == wanted)
}

fn is_start_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    START_URL_HOSTS.iter().any(|suffix| host.strip_suffix(suffix).is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_urls_are_those_of_aws() {
        for url in
            ["https://d-1234567890.awsapps.com/start", "https://ssoins-1.us-east-1.portal.amazonaws.com/#/"]
        {
            assert!(is_start_url(url), "{url}");
        }
        for url in [
            "http://d-1234567890.awsapps.com/start",
            "https://awsapps.com/",
            "https://sso.example.com/start",
            "",
        ] {
            assert!(!is_start_url(url), "{url}");
        }
    }
}
