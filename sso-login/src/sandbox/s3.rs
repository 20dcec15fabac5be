//! S3: `ListBuckets`, for whoever has signed it with role credentials of the portal.

use super::answer::Answer;
use super::refusal::Refusal;
use super::signature::{Signed, Verdict};
use super::world::World;
use sso_tool::time;

/// The one bucket of the caller's account. Key, session token and signature are checked, as S3 checks them.
pub(super) fn list_buckets(world: &World, signed: &Signed<'_>) -> Result<Answer, Refusal> {
    let key_id = signed.access_key_id().ok_or_else(|| Refusal::s3("AccessDenied"))?;
    let key = world.role_keys.get(key_id).ok_or_else(|| Refusal::s3("InvalidAccessKeyId"))?;
    if signed.session_token() != Some(key.session_token.as_str()) {
        return Err(Refusal::s3("InvalidToken"));
    }
    match signed.verify(&key.secret_access_key) {
        Verdict::Good => {}
        Verdict::Unsigned => return Err(Refusal::s3("AccessDenied")),
        Verdict::Wrong => return Err(Refusal::s3("SignatureDoesNotMatch")),
    }
    if world.now() >= key.expires_at {
        return Err(Refusal::s3("ExpiredToken"));
    }
    let (account, created) = (&key.account_id, time::format(world.started()));
    Ok(Answer::xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{account}</ID></Owner>\
             <Buckets><Bucket><Name>sandbox-{account}</Name><CreationDate>{created}</CreationDate></Bucket></Buckets>\
             </ListAllMyBucketsResult>"
        ),
    ))
}
