//! A server that takes bulk bodies and does nothing with them but count: what sending costs when the server costs
//! nothing.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use flate2::write::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use super::meter;

/// Listens on a thread of its own for as long as the process lives.
#[derive(Debug)]
pub struct BulkServer {
    address: SocketAddr,
    cpu_nanos: Arc<AtomicU64>,
}

impl BulkServer {
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let cpu_nanos = Arc::new(AtomicU64::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let used = Arc::clone(&cpu_nanos);
        thread::Builder::new()
            .name("bulk-server".to_owned())
            .spawn(move || runtime.block_on(serve(listener, used)))?;
        Ok(BulkServer { address, cpu_nanos })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its thread had used when it last answered.
    pub fn cpu_nanos(self) -> u64 {
        self.cpu_nanos.load(Ordering::Relaxed)
    }
}

/// Until the listener fails: then the client says that nobody is there.
async fn serve(listener: TcpListener, used: Arc<AtomicU64>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        let used = Arc::clone(&used);
        let service = service_fn(move |request| {
            let used = Arc::clone(&used);
            async move {
                let answer = answer(request).await;
                used.store(meter::thread_cpu_nanos(), Ordering::Relaxed);
                Ok::<_, Infallible>(answer)
            }
        });
        // A connection that breaks is the client's to notice.
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

/// One status for each document of the body, as far as it came.
async fn answer(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let packed = request.headers().contains_key(CONTENT_ENCODING);
    let mut lines = GzDecoder::new(Lines(0));
    let mut body = request.into_body();
    while let Some(Ok(frame)) = body.frame().await {
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if !packed {
            lines.get_mut().count(data);
        } else if io::Write::write_all(&mut lines, data).is_err() {
            break;
        }
    }
    if packed {
        // What cannot be unpacked is no document.
        let _ = lines.try_finish();
    }
    // An action line and a source line each.
    let text = verdicts(lines.get_ref().0 / 2);
    let mut response = Response::new(Full::new(Bytes::from(text)));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn verdicts(documents: usize) -> String {
    const CREATED: &str = r#"{"create":{"status":201}}"#;
    let mut text = String::with_capacity((CREATED.len() + 1) * documents + 32);
    text.push_str(r#"{"errors":false,"items":["#);
    for number in 0..documents {
        if number > 0 {
            text.push(',');
        }
        text.push_str(CREATED);
    }
    text.push_str("]}");
    text
}

/// Counts the line ends that are written to it.
#[derive(Debug)]
struct Lines(usize);

impl Lines {
    fn count(&mut self, text: &[u8]) {
        self.0 += memchr::memchr_iter(b'\n', text).count();
    }
}

impl io::Write for Lines {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.count(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
