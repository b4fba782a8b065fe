//! Listening: connections with limits of number and time, until it is told to stop.

use std::{
    future::Future,
    net::{SocketAddr, TcpListener as StdListener},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use thiserror::Error;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time};

use super::{
    app::{App, Log},
    generating,
    request::PeerAddress,
    router,
    settings::{Lent, Settings},
};

/// Connections at a time; the next wait for these.
const CONNECTIONS: usize = 1_024;

/// How long the head of a request may take to come.
const HEAD: Duration = Duration::from_secs(10);

/// How long requests that are under way may go on when the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How often it looks whether it is told to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// Why a server cannot start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {problem}; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        problem: std::io::Error,
    },
    /// The server's own database cannot be used.
    #[error("cannot open server.db in the state folder: {0}")]
    Store(#[from] rusqlite::Error),
    /// The system gives no threads.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
}

/// Serves until `stop` is set. `ready` is given the address once requests are taken.
///
/// # Errors
/// When it cannot start.
pub fn serve(
    settings: Settings,
    lent: Lent,
    log: Log,
    stop: &AtomicBool,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let address = settings.listen;
    let refused = |problem| ServeError::Listen { address, problem };
    let listener = StdListener::bind(address).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let app = Arc::new(App::new(settings, lent, log)?);
    // Where there are no results yet the first request after them does it.
    let _ = app.results.prepare();
    generating::take_up(&app);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let router = router::router(&app);
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        ready(listener.local_addr()?);
        accept(&listener, &router, stop).await;
        Ok(())
    })
}

async fn accept(listener: &TcpListener, router: &Router, stop: &AtomicBool) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let (stopping, stopped) = tokio::sync::watch::channel(());
    let mut connections = JoinSet::new();
    while let Some((stream, address)) = next(listener, stop).await {
        // What is small must not wait for more.
        let _ = stream.set_nodelay(true);
        let (router, places, mut stopped) = (router.clone(), Arc::clone(&places), stopped.clone());
        connections.spawn(async move {
            let Ok(_place) = places.acquire().await else { return };
            let router = router.layer(axum::Extension(PeerAddress(address.ip())));
            let service = TowerToHyperService::new(router);
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), service);
            let mut connection = pin!(connection);
            tokio::select! {
                // How a connection ends is its peer's affair.
                _ = connection.as_mut() => {}
                _ = stopped.changed() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
    drop(stopping);
    let _ = time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

/// The next connection; `None` when the server is told to stop.
async fn next(listener: &TcpListener, stop: &AtomicBool) -> Option<(tokio::net::TcpStream, SocketAddr)> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        match within_a_glance(listener.accept()).await {
            Some(Ok(connection)) => return Some(connection),
            // Too many open files: some will be closed.
            Some(Err(_)) => time::sleep(GLANCE).await,
            None => {}
        }
    }
}

async fn within_a_glance<T>(future: impl Future<Output = T>) -> Option<T> {
    time::timeout(GLANCE, future).await.ok()
}
