//! The keys that tokens are signed with: one of the server's own in a file that its user alone reads, or `SECRET_KEY`.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sso_tool::atomic_write::{self, FileMode};
use sso_tool::quarantine;
use sso_tool::safe_read::{self, Found};
use sso_tool::secret::Secret;
use sso_tool::state_dir;
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, Moment};

use super::super::locked::locked;
use super::super::log;
use super::claims::{ISSUER, LONGEST};

const FILE: &str = "keys.json";
const LARGEST: usize = 64 << 10;
/// The most keys that somebody makes by hand (SIGUSR1): the file has to stay below its limit.
const MOST: usize = 64;
/// How old the newest key gets.
const OLDEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a key that was replaced still says that its tokens are good: as long as they live, and as long again for a
/// clock that is wrong.
const OVERLAP: Duration = Duration::from_secs(2 * LONGEST.as_secs());

/// What signs, and what checks.
pub(crate) enum Keys {
    /// `SECRET_KEY`: HS256, and no other algorithm.
    Shared { signing: EncodingKey, checking: DecodingKey },
    /// The file's: ES256, and no other algorithm.
    Own(KeyFile),
}

/// The keys of the file, the newest last.
pub(crate) struct KeyFile {
    dir: PathBuf,
    keys: Vec<Key>,
}

struct Key {
    id: String,
    private: Vec<u8>,
    public: Vec<u8>,
    made_at: Moment,
}

impl Keys {
    /// `secret`, if there is one, else the file's in `dir`, which is made if need be.
    pub(crate) fn of(dir: &Path, secret: Option<&Secret>, now: Moment) -> anyhow::Result<Self> {
        if let Some(secret) = secret {
            let bytes = secret.expose().as_bytes();
            let signing = EncodingKey::from_secret(bytes).context("cannot use SECRET_KEY")?;
            let checking = DecodingKey::from_secret(bytes).context("cannot use SECRET_KEY")?;
            return Ok(Self::Shared { signing, checking });
        }
        let dir = dir.to_owned();
        Ok(Self::Own(KeyFile { keys: renewed(&dir, now, false)?, dir }))
    }

    /// Makes a new key if the newest is old, or at once if `is_wanted`; forgets what nobody needs any more. Another
    /// server of the same user may have done so: then its key is taken.
    ///
    /// Requests go on meanwhile: the file may be locked by somebody who takes long.
    pub(crate) fn renew(keys: &Mutex<Self>, now: Moment, is_wanted: bool) -> anyhow::Result<()> {
        let dir = match &*locked(keys) {
            Self::Shared { .. } => return Ok(()),
            Self::Own(file) => file.dir.clone(),
        };
        let renewed = renewed(&dir, now, is_wanted)?;
        if let Self::Own(file) = &mut *locked(keys) {
            file.keys = renewed;
        }
        Ok(())
    }

    /// Whether it is time for a new key.
    pub(crate) fn is_due(&self, now: Moment) -> bool {
        match self {
            Self::Shared { .. } => false,
            Self::Own(file) => file.keys.last().is_none_or(|key| time::after(key.made_at, OLDEST) <= now),
        }
    }

    /// Signs claims.
    pub(crate) fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let signed = match self {
            Self::Shared { signing, .. } => encode(&Header::new(Algorithm::HS256), claims, signing),
            Self::Own(file) => {
                let key = file.keys.last().context("there is no key to sign with")?;
                let mut header = Header::new(Algorithm::ES256);
                header.kid = Some(key.id.clone());
                encode(&header, claims, &EncodingKey::from_ec_der(&key.private))
            }
        };
        signed.context("cannot sign a token")
    }

    /// The claims of a token that one of the keys signed for `audience`. When it ends isn't looked at.
    pub(crate) fn check(&self, token: &str, audience: &str) -> Option<Value> {
        let header = decode_header(token).ok()?;
        // The key says which algorithm it is for; a token that says so could choose a public key as its secret.
        let (algorithm, key) = match self {
            Self::Shared { checking, .. } => (Algorithm::HS256, checking.clone()),
            Self::Own(file) => {
                let id = header.kid.as_deref()?;
                let key = file.keys.iter().find(|key| key.id == id)?;
                (Algorithm::ES256, DecodingKey::from_ec_der(&key.public))
            }
        };
        if header.alg != algorithm {
            return None;
        }
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[audience]);
        // By the clock of the other tools, which tests can set.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        decode::<Value>(token, &key, &validation).ok().map(|data| data.claims)
    }

    /// Whether a token names a key that isn't known: another server of the same user may have made it.
    pub(crate) fn lacks_key_of(&self, token: &str) -> bool {
        let Self::Own(file) = self else { return false };
        let id = decode_header(token).ok().and_then(|header| header.kid);
        id.is_some_and(|id| file.keys.iter().all(|key| key.id != id))
    }

    /// The public keys (RFC 7517). `SECRET_KEY` has none.
    pub(crate) fn public(&self) -> Value {
        let keys = match self {
            Self::Shared { .. } => Vec::new(),
            Self::Own(file) => file.keys.iter().map(Key::public).collect(),
        };
        json!({ "keys": keys })
    }
}

/// The keys of the file in `dir`, with a new one if need be.
fn renewed(dir: &Path, now: Moment, is_wanted: bool) -> anyhow::Result<Vec<Key>> {
    let _held = state_dir::lock(dir)?;
    let mut keys = read(dir, now)?;
    let count = keys.len();
    let is_old = keys.last().is_none_or(|key| time::after(key.made_at, OLDEST) <= now);
    let is_one_more = is_old || (is_wanted && count < MOST);
    if is_wanted && !is_one_more {
        log::line(&format!("there are already {MOST} keys from the last two hours; no new key is made"));
    }
    if is_one_more {
        keys.push(Key::new(now)?);
    }
    // What was replaced, was so when the next one was made.
    let replaced = keys.windows(2).filter(|pair| time::after(pair[1].made_at, OVERLAP) <= now).count();
    keys.drain(..replaced);
    if keys.len() != count || is_one_more {
        let kept: Vec<Value> = keys.iter().map(Key::kept).collect();
        let text = format!("{}\n", json!({ "keys": kept }));
        atomic_write::replace(&dir.join(FILE), text.as_bytes(), FileMode::Private)?;
    }
    Ok(keys)
}

/// What the file has. One that isn't whole is put aside: nobody can have been given a token of it since. So is one that
/// others may read: they could make tokens.
fn read(dir: &Path, now: Moment) -> anyhow::Result<Vec<Key>> {
    let path = dir.join(FILE);
    let found = safe_read::read(&path, LARGEST).with_context(|| format!("cannot read {}", path.display()))?;
    let keys = match found {
        Found::Missing => return Ok(Vec::new()),
        Found::Bytes(bytes) => read_keys(&bytes).ok_or("isn't whole"),
        Found::Bad(_) => Err("isn't whole"),
    };
    let is_open = path.symlink_metadata().is_ok_and(|found| found.mode() & 0o077 != 0);
    let keys = if is_open { Err("could be read by others") } else { keys };
    match keys {
        Ok(keys) => Ok(keys),
        Err(why) => {
            log::line(&format!(
                "{} {why}; new keys are made, and everybody must sign in again",
                path.display()
            ));
            quarantine::quarantine(dir.parent().unwrap_or(dir), &path, now)?;
            Ok(Vec::new())
        }
    }
}

fn read_keys(bytes: &[u8]) -> Option<Vec<Key>> {
    let document = stream::parse(bytes, FILE).ok()?;
    document.get("keys")?.as_array()?.iter().map(Key::read).collect()
}

impl Key {
    fn new(now: Moment) -> anyhow::Result<Self> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let private = made.map_err(|_| anyhow::anyhow!("cannot make a key"))?.as_ref().to_vec();
        Self::of(private, now).context("cannot use the key that was made")
    }

    fn of(private: Vec<u8>, made_at: Moment) -> Option<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private, &random).ok()?;
        let public = pair.public_key().as_ref().to_vec();
        let (x, y) = coordinates(&public)?;
        // RFC 7638: the digest of the key's required members, in this order.
        let digest = Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
        Some(Self { id: URL_SAFE_NO_PAD.encode(digest), private, public, made_at })
    }

    fn read(value: &Value) -> Option<Self> {
        let Value::Object(map) = value else { return None };
        let document = Document::from(map.clone());
        let private = STANDARD.decode(document.text("privateKey").ok()??).ok()?;
        Self::of(private, time::parse(document.text("createdAt").ok()??)?)
    }

    fn kept(&self) -> Value {
        json!({
            "kid": self.id,
            "alg": "ES256",
            "createdAt": time::format(self.made_at),
            "privateKey": STANDARD.encode(&self.private),
        })
    }

    fn public(&self) -> Value {
        let (x, y) = coordinates(&self.public).unwrap_or_default();
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": self.id})
    }
}

/// X and y of an uncompressed point.
fn coordinates(public: &[u8]) -> Option<(String, String)> {
    let rest = public.strip_prefix(&[4])?;
    let (x, y) = rest.split_at_checked(32)?;
    Some((URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y)))
}
