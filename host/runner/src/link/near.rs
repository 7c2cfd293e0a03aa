//! The front lives in this very process: it calls without the connection, as long as there is one.

use super::serve::Served;
use crate::cells::CellBody;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Either, Full};
use sandbar_forward::{LinkKey, Near, NearBody};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The end of a link that is in the front's process.
pub(super) struct Neighbour {
    served: Arc<Served>,
    key: Arc<LinkKey>,
    calls: Arc<Semaphore>,
    most: u32,
}

impl Neighbour {
    /// At most `most` calls at once; more wait.
    pub(super) fn new(served: &Arc<Served>, key: &Arc<LinkKey>, most: u32) -> Arc<Self> {
        Arc::new(Self {
            served: Arc::clone(served),
            key: Arc::clone(key),
            calls: Arc::new(Semaphore::new(most as usize)),
            most,
        })
    }

    /// Waits until all calls have ended, and takes no more.
    pub(super) async fn drain(&self) {
        // Calls that come meanwhile wait behind this one.
        let _all = self.calls.acquire_many(self.most).await;
        self.close();
    }

    /// Takes no more calls: the link has ended.
    pub(super) fn close(&self) {
        self.calls.close();
    }
}

impl Near for Neighbour {
    fn call(self: Arc<Self>, request: Request<Bytes>) -> BoxFuture<'static, Response<NearBody>> {
        Box::pin(async move {
            let request: Request<CellBody> = request.map(|bytes| Either::Right(Either::Left(Full::new(bytes))));
            // An error: closed.
            let Ok(place) = Arc::clone(&self.calls).acquire_owned().await else {
                return Served::ended(&request).map(BodyExt::boxed_unsync);
            };
            let response = self.served.answer(&self.key, request).await;
            response.map(|body| {
                let held = body.map_frame(move |frame| {
                    // The call lasts until its answer has ended.
                    let _ = &place;
                    frame
                });
                held.boxed_unsync()
            })
        })
    }
}
