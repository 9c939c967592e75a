//! The door through which commands reach a running server.
//!
//! It opens with a random token that lies in the data directory, readable by its owner only, and is new at
//! every start. A handler reaches [`Operations`] through [`Opened`] only, so that none can forget to ask for
//! the token.

use super::refusal::Refusal;
use super::slice::{Admin, Operations};
use crate::http::edge::auth;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;

/// Where the door of a running server is; kept in the data directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Door {
    /// Of the admin listener.
    pub url: String,
    /// Opens it.
    pub token: String,
}

/// Name of the door's file in a data directory.
pub fn door_file(data_dir: &Path) -> PathBuf {
    data_dir.join("admin.json")
}

/// What is behind the door, and what opens it.
pub(super) struct Lock {
    token: String,
    operations: Operations,
}

impl Lock {
    pub fn new(admin: &Admin) -> Lock {
        Lock { token: admin.token.clone(), operations: admin.operations.clone() }
    }
}

/// The door, opened by a request that carries the token.
pub(super) struct Opened(web::Data<Lock>);

impl Deref for Opened {
    type Target = Operations;

    fn deref(&self) -> &Operations {
        &self.0.operations
    }
}

impl FromRequest for Opened {
    type Error = WrongToken;
    type Future = Ready<Result<Opened, WrongToken>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = auth::bearer(request).unwrap_or_default();
        let lock = request.app_data::<web::Data<Lock>>();
        let opened = lock.filter(|lock| bool::from(token.as_bytes().ct_eq(lock.token.as_bytes())));
        ready(opened.cloned().map(Opened).ok_or(WrongToken))
    }
}

/// The request does not carry the token.
#[derive(Debug)]
pub(super) struct WrongToken;

impl fmt::Display for WrongToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token is wrong")
    }
}

impl ResponseError for WrongToken {
    fn error_response(&self) -> HttpResponse {
        HttpResponse::Unauthorized().json(Refusal { message: self.to_string(), callers_fault: true })
    }
}
