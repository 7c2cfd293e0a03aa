//! An HTTP component with many small behaviours, chosen by the path of the request.

#[cfg(target_family = "wasm")]
mod guest {
    use std::io::{Read, Write};
    use wasip2::http::outgoing_handler;
    use wasip2::http::types::{
        Fields, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
    };

    wasip2::http::proxy::export!(Guest);

    struct Guest;

    impl wasip2::exports::http::incoming_handler::Guest for Guest {
        fn handle(request: IncomingRequest, out: ResponseOutparam) {
            let path = request.path_with_query().unwrap_or_default();
            let text = match path.as_str() {
                "/" => "hello".to_owned(),
                "/echo" => String::from_utf8_lossy(&body(&request)).into_owned(),
                "/file" => {
                    let before = std::fs::read_to_string("/tmp/count").unwrap_or_default();
                    std::fs::write("/tmp/count", format!("{before}x")).expect("a file");
                    format!("{before}x")
                }
                "/variable" => std::env::var("OWN").unwrap_or_default(),
                "/trap" => panic!("on purpose"),
                "/none" => return,
                "/loop" => loop {
                    std::hint::spin_loop();
                },
                "/memory" => {
                    let mut kept = Vec::new();
                    loop {
                        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
                    }
                }
                other => match other.strip_prefix("/fetch?") {
                    Some(url) => fetch(url),
                    None => format!("no case {other}"),
                },
            };
            answer(out, text.as_bytes());
        }
    }

    fn answer(out: ResponseOutparam, text: &[u8]) {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().expect("a body");
        ResponseOutparam::set(out, Ok(response));
        let mut stream = body.write().expect("a stream");
        // Nobody may listen any more.
        let _ = stream.write_all(text);
        let _ = stream.flush();
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }

    fn body(request: &IncomingRequest) -> Vec<u8> {
        let body = request.consume().expect("a body");
        let mut stream = body.stream().expect("a stream");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a whole body");
        bytes
    }

    /// What the host finds for us at `url`: status and body, or its word for the failure.
    fn fetch(url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        let request = OutgoingRequest::new(Fields::new());
        request.set_scheme(Some(&scheme)).expect("a scheme");
        if request.set_authority(Some(authority)).is_err() {
            return "no authority".to_owned();
        }
        request.set_path_with_query(Some(&format!("/{path}"))).expect("a path");
        let sent = request.body().expect("a body");
        OutgoingBody::finish(sent, None).expect("an empty one");
        let future = match outgoing_handler::handle(request, None) {
            Ok(future) => future,
            Err(code) => return format!("{code:?}"),
        };
        future.subscribe().block();
        match future.get() {
            Some(Ok(Ok(answer))) => {
                let status = answer.status();
                let body = answer.consume().expect("a body");
                let mut bytes = Vec::new();
                let ended = body.stream().expect("a stream").read_to_end(&mut bytes);
                format!("{status} {} {}", String::from_utf8_lossy(&bytes), ended.is_ok())
            }
            other => format!("{other:?}"),
        }
    }
}
