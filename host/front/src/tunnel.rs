//! Raw bytes both ways between two upgraded connections, until one ends, falls silent or is no longer allowed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::limits::{TUNNEL_BUFFER, TUNNEL_IDLE, TUNNEL_LINGER, TUNNEL_STALL, UPGRADE_TIME};
use crate::watch::Watch;

/// Why a tunnel has ended; the texts are for logs.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("closed")]
    Closed,
    #[error("no longer allowed")]
    Revoked,
    #[error("silent for too long")]
    Idle,
    #[error("broken: {0}")]
    Broken(io::Error),
}

/// Carries the tunnel to its end; `place` is taken meanwhile.
pub async fn run(client: OnUpgrade, runner: OnUpgrade, watch: Arc<Watch>, place: OwnedSemaphorePermit) {
    let both = timeout(UPGRADE_TIME, async { tokio::try_join!(client, runner) }).await;
    let (client, runner) = match both {
        Ok(Ok((client, runner))) => (TokioIo::new(client), TokioIo::new(runner)),
        Ok(Err(error)) => return tracing::debug!(%error, "a tunnel was not opened"),
        Err(_) => return tracing::debug!("a tunnel was not opened in time"),
    };
    let end = carry(client, runner, &watch).await;
    drop(place);
    tracing::debug!(%end, "a tunnel has ended");
}

/// When bytes last moved, in either direction.
struct Clock {
    since: Instant,
    millis: AtomicU64,
}

impl Clock {
    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn touch(&self) {
        self.millis.store(self.now(), Ordering::Relaxed);
    }

    async fn idle(&self) {
        loop {
            let silent = Duration::from_millis(self.now().saturating_sub(self.millis.load(Ordering::Relaxed)));
            match TUNNEL_IDLE.checked_sub(silent) {
                Some(rest) if !rest.is_zero() => tokio::time::sleep(rest).await,
                _ => return,
            }
        }
    }
}

async fn carry<C, R>(client: C, runner: R, watch: &Watch) -> End
where
    C: AsyncRead + AsyncWrite + Unpin,
    R: AsyncRead + AsyncWrite + Unpin,
{
    let clock = Clock {
        since: Instant::now(),
        millis: AtomicU64::new(0),
    };
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_runner, mut to_runner) = tokio::io::split(runner);
    let up = one_way(&mut from_client, &mut to_runner, watch, &clock);
    let down = one_way(&mut from_runner, &mut to_client, watch, &clock);
    let both = async {
        tokio::pin!(up, down);
        // What one side still has to say after the other has ended is short: a close frame.
        let first = tokio::select! {
            end = up.as_mut() => (end, true),
            end = down.as_mut() => (end, false),
        };
        match first {
            (End::Closed, true) => timeout(TUNNEL_LINGER, down).await.unwrap_or(End::Closed),
            (End::Closed, false) => timeout(TUNNEL_LINGER, up).await.unwrap_or(End::Closed),
            (end, _) => end,
        }
    };
    tokio::select! {
        end = both => end,
        () = watch.over() => End::Revoked,
        () = clock.idle() => End::Idle,
    }
}

async fn one_way<R, W>(from: &mut R, to: &mut W, watch: &Watch, clock: &Clock) -> End
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; TUNNEL_BUFFER];
    loop {
        let count = match from.read(&mut buffer).await {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return End::Broken(error),
        };
        clock.touch();
        if !watch.allows().await {
            return End::Revoked;
        }
        let written = timeout(TUNNEL_STALL, async {
            to.write_all(&buffer[..count]).await?;
            to.flush().await
        });
        match written.await {
            Ok(Ok(())) => clock.touch(),
            Ok(Err(error)) => return End::Broken(error),
            Err(_) => return End::Broken(io::ErrorKind::TimedOut.into()),
        }
    }
    // The other side learns that no more will come; if it is gone already, so much the better.
    let _ = timeout(TUNNEL_STALL, to.shutdown()).await;
    End::Closed
}
