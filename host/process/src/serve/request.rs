//! One request: an instance, a call, an answer.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response};
use sandbar_engine::{StoreLimits, yield_each_tick};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::Resource;
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};

use super::{Server, body};
use crate::limits::{MAX_SERVED_TIME, PROCESS_OVERHEAD_BYTES};
use crate::own::Ready;
use crate::state::State;
use crate::verdict::judge;

type Answer = Response<HyperOutgoingBody>;
type Given = oneshot::Receiver<Result<Answer, ErrorCode>>;

/// A request that has all it needs.
struct Prepared {
    store: Store<State>,
    request: Resource<HostIncomingRequest>,
    response: Resource<HostResponseOutparam>,
    /// Released when the instance is gone.
    held: [OwnedSemaphorePermit; 2],
}

impl Server {
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let Ok(turn) = Arc::clone(&self.requests).acquire_owned().await else {
            return body::plain(503, "the server is ending");
        };
        let (prepared, given) = match self.prepare(request, turn) {
            Ok(prepared) => prepared,
            Err((status, reason)) => return body::plain(status, &reason),
        };
        let (tell, told) = oneshot::channel();
        let server = Arc::clone(&self);
        let task = async move {
            let failure = server.call(prepared).await;
            if let Some(reason) = &failure {
                server.say(&format!("a request failed: {reason}"));
            }
            // Nobody listens if the answer was given before.
            let _ = tell.send(failure);
        };
        // The receiver lives as long as the process does.
        let _ = self.tasks.send(Box::pin(task));
        match given.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(code)) => body::plain(502, &format!("the program answers with an error: {code:?}")),
            Err(_) => {
                let failure = told.await.ok().flatten();
                body::plain(500, &failure.unwrap_or_else(|| "the program gives no answer".into()))
            }
        }
    }

    fn prepare(
        &self,
        request: Request<Incoming>,
        turn: OwnedSemaphorePermit,
    ) -> Result<(Prepared, Given), (u16, String)> {
        let served = &self.served;
        let sandbox = &served.sandbox;
        let full = |what: &dyn std::fmt::Display| (503, format!("no room for one more instance: {what}"));
        let slots = Arc::clone(sandbox.programs().slots()).try_acquire_many_owned(self.program.slots);
        let slots = slots.map_err(|_| full(&"the cell runs as many as it can"))?;
        let limits = StoreLimits::new(Arc::clone(sandbox.budget()), PROCESS_OVERHEAD_BYTES, 0)
            .map_err(|shortage| full(&crate::errno::Errno::from(shortage)))?;
        let state = State::new(
            sandbox.clone(),
            served.pid,
            Arc::clone(&served.control),
            served.image.clone(),
            served.stdio.clone(),
            false,
            limits,
        );
        let mut store = Store::new(sandbox.programs().engine().wasmtime(), state);
        StoreLimits::install(&mut store, |state| &mut state.limits);
        yield_each_tick(&mut store, |_| Ok(()));
        let (sender, given) = oneshot::channel();
        let mut http = store.data_mut().http();
        let bad = |error: wasmtime::Error| (400, format!("{error:#}"));
        let request = http
            .new_incoming_request(Scheme::Http, request.map(body::incoming))
            .map_err(bad)?;
        let response = http.new_response_outparam(sender).map_err(bad)?;
        let prepared = Prepared {
            store,
            request,
            response,
            held: [turn, slots],
        };
        Ok((prepared, given))
    }

    /// Runs the program to its end; tells how it failed.
    async fn call(&self, prepared: Prepared) -> Option<String> {
        let Prepared {
            mut store,
            request,
            response,
            held,
        } = prepared;
        let Ready::Http(program) = &self.program.ready else {
            return Some("it is no HTTP handler".into());
        };
        let run = async {
            let proxy = program.instantiate_async(&mut store).await?;
            proxy
                .wasi_http_incoming_handler()
                .call_handle(&mut store, request, response)
                .await
        };
        let result = timeout(MAX_SERVED_TIME, run).await;
        let limit = self.served.sandbox.budget().limit();
        let shortage = store.data().limits.memory_was_refused();
        // With it goes the way for an answer, if none was given.
        drop(store);
        drop(held);
        match result {
            Err(_) => Some(format!("it takes longer than {} s", MAX_SERVED_TIME.as_secs())),
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(
                judge(Err(error), shortage, limit)
                    .reason
                    .unwrap_or_else(|| "the program has ended".into()),
            ),
        }
    }
}
