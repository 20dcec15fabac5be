//! STS: `GetCallerIdentity`, for the role credentials the portal handed out.

use serde_json::{Value, json};

use super::answer::Answer;
use super::refusal::Refusal;
use super::world::World;
use crate::flows::query::Query;
use crate::flows::random;

/// Who holds the credentials of a request. Key id and session token are checked, the signature is not:
/// that is between a client and AWS, and a sandbox on loopback has nothing to guard.
pub(super) fn caller_identity(
    world: &World,
    form: &Query,
    authorization: Option<&str>,
    session_token: Option<&str>,
) -> Result<Answer, Refusal> {
    if form.first("Action") != Some("GetCallerIdentity") {
        return Err(Refusal::sts("InvalidAction"));
    }
    let key_id =
        authorization.and_then(access_key_id).ok_or_else(|| Refusal::sts("MissingAuthenticationToken"))?;
    let key = world
        .role_keys
        .get(key_id)
        .filter(|key| session_token == Some(key.session_token.as_str()))
        .ok_or_else(|| Refusal::sts("InvalidClientTokenId"))?;
    if world.now() >= key.expires_at {
        return Err(Refusal::sts("ExpiredToken"));
    }
    let (account, role) = (&key.account_id, &key.role_name);
    let suffix = &account[account.len().saturating_sub(8)..];
    Ok(Answer::xml(
        200,
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{role}_00000000{suffix}/user</Arn>\
             <UserId>AROASANDBOX{suffix}:user</UserId><Account>{account}</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>\n"
        ),
    ))
}

/// The federation endpoint of sign-in: a token for role credentials, and a page for a token.
pub(super) fn federation(world: &mut World, query: &Query) -> Result<Answer, Refusal> {
    match query.first("Action") {
        Some("getSigninToken") => {
            let session: Value =
                serde_json::from_str(query.first("Session").unwrap_or_default()).unwrap_or_default();
            let text = |name: &str| session.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let now = world.now();
            world
                .role_keys
                .get(&text("sessionId"))
                .filter(|key| key.session_token == text("sessionToken") && now < key.expires_at)
                .ok_or_else(|| Refusal::sts("InvalidClientTokenId"))?;
            Ok(Answer::json(200, &json!({"SigninToken": random::token(64)?})))
        }
        Some("login") => Ok(Answer::new(200, "text/plain", "Signed in to the console of the sandbox.\n")),
        _ => Err(Refusal::sts("InvalidAction")),
    }
}

/// The key id of `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/sts/aws4_request, …`.
fn access_key_id(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.strip_prefix("AWS4-HMAC-SHA256")?.split_once("Credential=")?;
    credential.split('/').next()
}
