//! The two listeners: the public one, on which every request is bounded, timed and counted, and the
//! operator's.

use crate::config::Settings;
use crate::http::State;
use crate::http::admin::{self, Admin};
use crate::http::edge::answers::{self, Refusals};
use crate::http::edge::connections::{Busy, Connections};
use crate::http::{self, edge};
use actix_web::dev::{Server, Service};
use actix_web::http::StatusCode;
use actix_web::{App as WebApp, HttpServer, ResponseError, web};
use anyhow::Context;
use futures_util::future::Either;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Requests under way at a stop get this long.
const REQUEST_GRACE_SECONDS: u64 = 5;
/// Open at once to each worker, of which there is one per core; who comes then waits in the kernel. A head
/// under way may hold 128 KiB, so this is half a GiB per worker at the very worst.
const MAX_CONNECTIONS: usize = 4_096;
/// From the opening of a connection to the end of its first head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that wait to be accepted.
const BACKLOG: i32 = 4_096;

/// Routes that are added to the public listener, and asked before our own.
pub type Routes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// The ports, taken before anything else is started: who has no port needs no engine.
pub struct Ports {
    public: TcpListener,
    admin: TcpListener,
}

/// What watches over the public listener's connections and answers.
#[derive(Debug, Default)]
pub struct Watch {
    pub connections: Arc<Connections>,
    pub refusals: Arc<Refusals>,
}

impl Ports {
    /// Takes both.
    ///
    /// # Errors
    /// A port is in use, or may not be used.
    pub fn take(settings: &Settings) -> anyhow::Result<Ports> {
        let public = listen("listen", settings.listen)?;
        Ok(Ports { public, admin: listen("admin_listen", settings.admin_listen)? })
    }

    /// Of the public listener and the admin listener.
    ///
    /// # Errors
    /// The system does not say.
    pub fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.public.local_addr()?, self.admin.local_addr()?))
    }

    /// The servers; they answer when they are polled.
    ///
    /// # Errors
    /// A port cannot be listened on.
    pub fn serve(
        self,
        state: State,
        admin: Admin,
        routes: Option<Routes>,
        watch: &Watch,
    ) -> std::io::Result<[Server; 2]> {
        let public = public(self.public, state, routes, watch)?;
        let admin = HttpServer::new(move || WebApp::new().configure(|config| admin::routes(config, &admin)))
            .workers(1)
            .listen(self.admin)?
            .disable_signals()
            .shutdown_timeout(REQUEST_GRACE_SECONDS)
            .run();
        Ok([public, admin])
    }
}

fn public(
    listener: TcpListener,
    state: State,
    routes: Option<Routes>,
    watch: &Watch,
) -> std::io::Result<Server> {
    let (connections, refusals) = (watch.connections.clone(), watch.refusals.clone());
    let server = HttpServer::new(move || {
        // Per request only this is cloned, not each counter.
        let telemetry = Rc::new(state.intake.telemetry.clone());
        let refusals = refusals.clone();
        WebApp::new()
            .wrap_fn(move |request, service| {
                let began = Instant::now();
                let (telemetry, refusals) = (telemetry.clone(), refusals.clone());
                let busy = Busy::with(request.request());
                let response = match edge::head::check(request.head()) {
                    Ok(()) => Either::Left(service.call(request)),
                    Err(error) => Either::Right(request.into_response(error.error_response())),
                };
                async move {
                    let response = match response {
                        Either::Left(called) => called.await?,
                        Either::Right(refused) => refused,
                    };
                    answers::count(&response, began, &telemetry, &refusals);
                    if response.status() == StatusCode::REQUEST_TIMEOUT {
                        busy.iter().for_each(Busy::read_no_more);
                    }
                    Ok(response)
                }
            })
            .configure(|config| routes.iter().for_each(|routes| routes(config)))
            .configure(|config| http::routes(config, &state))
    });
    let server = server
        .on_connect(move |io, data| connections.opened(io, data))
        .workers(workers())
        .listen(listener)?
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(HEAD_TIMEOUT)
        .disable_signals()
        .shutdown_timeout(REQUEST_GRACE_SECONDS)
        .run();
    Ok(server)
}

fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("cannot listen on {address}; stop what uses the port, or set {setting} to another")
    })?;
    // A burst of new visitors must not wait for retransmissions; the standard library asks for 128.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// One core is left to the spool's writer and to ClickHouse; beside them another worker would only switch
/// tasks.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// Connections need two descriptors each, and the spool must never be the one that finds none.
pub fn allow_many_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the number of open files stays at what the shell allows");
    }
}
