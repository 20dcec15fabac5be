//! A running `sso-login sandbox`, and a client for it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{NOW, Sandbox, tool};

pub const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub const START_URL: &str = "https://d-1234567890.awsapps.com/start";

/// Serves until dropped.
pub struct Served {
    pub document: Value,
    pub sandbox: Sandbox,
    child: Child,
}

/// What came back over HTTP.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub error_type: String,
    pub location: String,
    pub request_id: String,
    pub text: String,
}

/// A client's id and secret.
pub struct Client {
    id: Value,
    secret: Value,
}

impl Served {
    /// Starts with flags, split at spaces, at the fixed time of the tests.
    pub fn start(flags: &str) -> Self {
        Self::start_at(flags, Some(NOW))
    }

    /// Starts at that time; at none it is the real one, for clients that can't be told another.
    pub fn start_at(flags: &str, now: Option<&str>) -> Self {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(tool("sso-login"));
        command.arg("sandbox").args(flags.split_whitespace());
        match now {
            Some(now) => command.env("SSO_NOW", now),
            None => command.env_remove("SSO_NOW"),
        };
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { document: serde_json::from_str(&line).unwrap(), sandbox, child }
    }

    /// Ends it by SIGTERM; its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        // Waiting twice gives the same answer; signalling a reaped process must not happen.
        if self.child.try_wait().unwrap().is_none() {
            let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
            kill_process(pid, Signal::TERM).unwrap();
        }
        self.child.wait().unwrap().code()
    }

    pub fn url(&self, service: &str, path: &str) -> String {
        format!("{}{path}", self.document[service].as_str().unwrap())
    }

    pub fn oidc(&self, path: &str, body: &Value) -> Reply {
        Reply::of(agent().post(self.url("oidcUrl", path)).send(body.to_string()))
    }

    pub fn portal(&self, path: &str, token: &str) -> Reply {
        Reply::of(agent().get(self.url("portalUrl", path)).header("x-amz-sso_bearer_token", token).call())
    }

    pub fn logout(&self, token: &str) -> Reply {
        let request = agent().post(self.url("portalUrl", "/logout"));
        Reply::of(request.header("x-amz-sso_bearer_token", token).send_empty())
    }

    /// `GetCallerIdentity` with an access key id and a session token.
    pub fn identity(&self, key_id: &str, session_token: &str) -> Reply {
        let credential =
            format!("AWS4-HMAC-SHA256 Credential={key_id}/20261121/us-east-1/sts/aws4_request, Signature=x");
        let request = agent().post(self.url("stsUrl", "/"));
        let request =
            request.header("authorization", credential).header("x-amz-security-token", session_token);
        Reply::of(request.send("Action=GetCallerIdentity&Version=2011-06-15"))
    }

    pub fn form(&self, path: &str, body: &str) -> Reply {
        Reply::of(agent().post(self.url("oidcUrl", path)).send(body))
    }

    pub fn admin(&self, path: &str) -> Reply {
        Reply::of(agent().get(self.url("url", path)).call())
    }

    pub fn tell(&self, path: &str, body: &Value) -> Reply {
        Reply::of(agent().post(self.url("url", path)).send(body.to_string()))
    }

    pub fn forget(&self, path: &str) -> Reply {
        Reply::of(agent().delete(self.url("url", path)).call())
    }

    /// Registers a client with further members.
    pub fn register(&self, more: &Value) -> Reply {
        let mut body = json!({"clientName": "test", "clientType": "public"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.oidc("/client/register", &body)
    }

    /// A device-code client that may refresh.
    pub fn client(&self) -> Client {
        Client::of(&self.register(&json!({"scopes": ["sso:account:access"]})))
    }

    /// `CreateToken` with further members.
    pub fn token(&self, client: &Client, grant_type: &str, more: &Value) -> Reply {
        self.oidc("/token", &client.request(&json!({"grantType": grant_type}), more))
    }

    pub fn authorize_device(&self, client: &Client) -> Reply {
        self.oidc("/device_authorization", &client.request(&json!({"startUrl": START_URL}), &json!({})))
    }

    /// A whole device login, polled until there is an answer other than "wait".
    pub fn log_in(&self, client: &Client) -> Reply {
        let code = self.authorize_device(client).json()["deviceCode"].clone();
        loop {
            let reply = self.token(client, DEVICE, &json!({"deviceCode": code}));
            if !["authorization_pending", "slow_down"].contains(&reply.error().as_str()) {
                return reply;
            }
        }
    }

    /// An access token.
    pub fn access_token(&self) -> String {
        self.log_in(&self.client()).text_of("accessToken")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Client {
    pub fn of(registered: &Reply) -> Self {
        let registered = registered.json();
        Self { id: registered["clientId"].clone(), secret: registered["clientSecret"].clone() }
    }

    pub fn id(&self) -> &str {
        self.id.as_str().unwrap()
    }

    pub fn request(&self, members: &Value, more: &Value) -> Value {
        let mut body = json!({"clientId": self.id, "clientSecret": self.secret});
        for members in [members, more] {
            body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        }
        body
    }
}

impl Reply {
    fn of(reply: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Self {
        let mut reply = reply.unwrap();
        let header =
            |name: &str| reply.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        Self {
            status: reply.status().as_u16(),
            error_type: header("x-amzn-errortype"),
            location: header("location"),
            request_id: header("x-amzn-requestid"),
            text: reply.body_mut().read_to_string().unwrap(),
        }
    }

    /// The body; null if it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub fn text_of(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}")).to_owned()
    }

    /// The OAuth error code, or nothing.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The name in the header, as SDKs read it.
    pub fn exception(&self) -> &str {
        self.error_type.split(':').next().unwrap()
    }

    /// Asserts an OIDC error, whole (AWS-FORMATS 4).
    #[track_caller]
    pub fn refuses(&self, status: u16, error: &str, exception: &str) {
        assert_eq!(
            (self.status, self.error().as_str(), self.exception()),
            (status, error, exception),
            "{self:?}"
        );
        assert!(self.json()["error_description"].is_string(), "{self:?}");
        assert!(!self.request_id.is_empty(), "{self:?}");
    }

    /// Asserts a portal error, whole (AWS-FORMATS 5).
    #[track_caller]
    pub fn denies(&self, status: u16, exception: &str) {
        assert_eq!((self.status, self.exception()), (status, exception), "{self:?}");
        assert_eq!(self.json()["__type"], format!("com.amazonaws.switchboard.portal#{exception}"));
        assert!(self.json()["message"].is_string(), "{self:?}");
    }
}

/// What a browser gets, before it follows a redirect.
pub fn fetch(url: &str) -> Reply {
    Reply::of(agent().get(url).call())
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder();
    config.http_status_as_error(false).max_redirects(0).max_redirects_will_error(false).build().into()
}
