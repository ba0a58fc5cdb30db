//! Somebody of the estate at the API, as a browser is: a log-in, and requests.
//!
//! Invariant: a password or a token is in no error.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use server::connector::web::{self, Lost, Patience, Question, Site};

use crate::estate::Login;

/// A report may take half a minute.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(60),
};
const JSON: &str = "application/json";
const FILE: &str = "application/octet-stream";

/// Somebody who is logged in.
pub struct Caller {
    site: Site,
    authorization: HeaderValue,
}

impl Caller {
    /// Logs in.
    pub async fn log_in(api: SocketAddr, login: &Login) -> anyhow::Result<Self> {
        let site = Site::parse(&format!("http://{api}/api/v1")).context("no address")?;
        let said = json!({ "login": login.login, "password": login.password });
        let opened = ask(
            &site,
            None,
            Method::POST,
            "/session",
            Some((JSON, said.to_string().into_bytes())),
        );
        let opened = opened.await.with_context(|| login.login.clone())?;
        let token = opened["token"].as_str().context("no session")?;
        let authorization = HeaderValue::from_str(&format!("Bearer {token}"));
        Ok(Self {
            site,
            authorization: authorization.map_err(|_| anyhow!("no token"))?,
        })
    }

    /// Ends the session.
    pub async fn log_out(self) -> anyhow::Result<()> {
        self.ask(Method::DELETE, "/session", None).await.map(drop)
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// Says something.
    pub async fn post(&self, path: &str, said: Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some((JSON, said.to_string().into_bytes())))
            .await
    }

    /// Brings a file.
    pub async fn bring(&self, path: &str, file: &str) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some((FILE, file.as_bytes().to_vec())))
            .await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> anyhow::Result<Value> {
        ask(&self.site, Some(&self.authorization), method, path, body).await
    }
}

async fn ask(
    site: &Site,
    authorization: Option<&HeaderValue>,
    method: Method,
    path: &str,
    body: Option<(&'static str, Vec<u8>)>,
) -> anyhow::Result<Value> {
    let question = Question {
        method: method.clone(),
        path: path.to_owned(),
        headers: authorization
            .map(|it| (AUTHORIZATION, it.clone()))
            .into_iter()
            .collect(),
        body: body.map(|(kind, bytes)| (kind, bytes.into())),
    };
    let answer = web::ask(site, None, PATIENCE, question).await;
    let answer = answer.map_err(|lost| {
        let (Lost::NotSent(why) | Lost::Silent(why)) = lost;
        anyhow!("{method} {path}: {why}")
    })?;
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if !answer.status.is_success() {
        let code = said["code"].as_str().unwrap_or_default();
        bail!("{method} {path}: {} {code}", answer.status.as_u16());
    }
    Ok(said)
}
