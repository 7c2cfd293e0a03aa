//! A WebSocket between front and cell: raw bytes, as long as the sandbox is this runner's.

use crate::agent::Refusal as Denied;
use crate::driver::Driver;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

/// From the agreement to two open sides.
const OPEN_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of one direction that are held here.
const BUFFER: usize = 16 << 10;
/// How long one side may take to read what waits for it.
const STALL: Duration = Duration::from_secs(60);
/// How long the other direction goes on when one has ended.
const LINGER: Duration = Duration::from_secs(5);
/// How long bytes wait for a lease that has run out; the plane's next answer brings it back.
const LEASE_WAIT: Duration = Duration::from_secs(30);
/// Between two looks at the lease.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Carries a tunnel to its end.
pub(super) async fn run(driver: Arc<Driver>, sandbox: String, generation: u64, caller: OnUpgrade, cell: OnUpgrade) {
    let both = timeout(OPEN_DEADLINE, async { tokio::try_join!(caller, cell) }).await;
    let Ok(Ok((caller, cell))) = both else {
        return tracing::debug!(sandbox, "a WebSocket was not opened");
    };
    let (mut from_caller, mut to_caller) = tokio::io::split(TokioIo::new(caller));
    let (mut from_cell, mut to_cell) = tokio::io::split(TokioIo::new(cell));
    let holds = || held(&driver, &sandbox, generation);
    let up = one_way(&mut from_caller, &mut to_cell, &holds);
    let down = one_way(&mut from_cell, &mut to_caller, &holds);
    tokio::pin!(up, down);
    let result = tokio::select! {
        result = up.as_mut() => match result {
            Ok(()) => timeout(LINGER, down).await.unwrap_or(Ok(())),
            failed => failed,
        },
        result = down.as_mut() => match result {
            Ok(()) => timeout(LINGER, up).await.unwrap_or(Ok(())),
            failed => failed,
        },
    };
    if let Err(error) = result {
        tracing::debug!(sandbox, %error, "a WebSocket broke");
    }
}

/// Whether bytes may pass, waiting a while for a lease that has run out: what a terminal shows is an answer, too.
async fn held(driver: &Driver, sandbox: &str, generation: u64) -> bool {
    let waited = timeout(LEASE_WAIT, async {
        loop {
            match driver.admit(sandbox, generation) {
                Err(Denied::LeaseExpired) => sleep(LOOK_AGAIN).await,
                Err(Denied::Unknown(_)) => return false,
                // A sandbox that stops ends its own connections, after their last words.
                _ => return true,
            }
        }
    });
    waited.await.unwrap_or(false)
}

async fn one_way<R, W, H>(from: &mut R, to: &mut W, holds: &impl Fn() -> H) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    H: Future<Output = bool>,
{
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        if !holds().await {
            return Err(io::Error::other("the sandbox is not this runner's any more"));
        }
        timeout(STALL, async {
            to.write_all(&buffer[..count]).await?;
            to.flush().await
        })
        .await??;
    }
    // Whoever is gone already needs no goodbye.
    let _ = timeout(STALL, to.shutdown()).await;
    Ok(())
}
