//! HTTP/1.1 as bytes, as far as a test needs it: answers can be cut at any byte here, which a library prevents.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEAD_BYTES_MAX: usize = 64 << 10;

pub struct Request {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Without the chunks' frames, still compressed.
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

pub struct Answer {
    pub status: u16,
    /// Less those that frame the body.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Answer {
        Answer {
            status,
            headers,
            body,
        }
    }

    fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} X\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        head.into_bytes()
    }
}

/// Reads the next request of a connection; `None` where the client has closed it. `unread` keeps what was read
/// beyond the request.
pub async fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<Option<Request>> {
    let head_len = loop {
        if let Some(at) = memchr::memmem::find(unread, b"\r\n\r\n") {
            break at + 4;
        }
        if unread.len() > HEAD_BYTES_MAX {
            return Err(invalid("the head of the request is too long"));
        }
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    };
    let head: Vec<u8> = unread.drain(..head_len).collect();
    let mut request = parse_head(&head).ok_or_else(|| invalid("the head of the request is not HTTP/1.1"))?;
    if request.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let length = request
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    if request.header("transfer-encoding").is_some() {
        request.body = read_chunks(stream, unread).await?;
    } else if let Some(length) = length {
        request.body = read_exactly(stream, unread, length).await?;
    }
    Ok(Some(request))
}

/// Sends a request to the server and reads its whole answer.
pub async fn forward(http: &reqwest::Client, upstream: &str, request: &Request) -> reqwest::Result<Answer> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap_or(reqwest::Method::GET);
    let mut sent = http.request(method, format!("{upstream}{}", request.path));
    for (name, value) in request
        .headers
        .iter()
        .filter(|(name, _)| !belongs_to_connection(name))
    {
        sent = sent.header(name, value);
    }
    let response = sent.body(request.body.clone()).send().await?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .filter(|(name, _)| !belongs_to_connection(name.as_str()))
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Ok(Answer {
        status,
        headers,
        body: response.bytes().await?.into(),
    })
}

pub async fn write_answer(stream: &mut TcpStream, answer: &Answer) -> Result<()> {
    let mut bytes = answer.head();
    bytes.extend_from_slice(&answer.body);
    stream.write_all(&bytes).await
}

/// Writes a head that promises the whole body, and half of it.
pub async fn write_half(stream: &mut TcpStream, answer: &Answer) -> Result<()> {
    let mut bytes = answer.head();
    bytes.extend_from_slice(&answer.body[..answer.body.len() / 2]);
    stream.write_all(&bytes).await?;
    stream.shutdown().await
}

fn parse_head(head: &[u8]) -> Option<Request> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Request {
        method,
        path,
        headers,
        body: vec![],
    })
}

async fn read_chunks(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_len = loop {
            if let Some(at) = memchr::memmem::find(unread, b"\r\n") {
                break at;
            }
            fill(stream, unread).await?;
        };
        let line: Vec<u8> = unread.drain(..line_len + 2).collect();
        let size = std::str::from_utf8(&line[..line_len])
            .ok()
            .and_then(|line| line.split(';').next());
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let size = size.ok_or_else(|| invalid("a chunk has no size"))?;
        // The data and its line end; after the last chunk, of size 0, the line end alone (no trailers).
        let mut data = read_exactly(stream, unread, size + 2).await?;
        data.truncate(size);
        if size == 0 {
            return Ok(body);
        }
        body.append(&mut data);
    }
}

async fn read_exactly(stream: &mut TcpStream, unread: &mut Vec<u8>, length: usize) -> Result<Vec<u8>> {
    while unread.len() < length {
        fill(stream, unread).await?;
    }
    Ok(unread.drain(..length).collect())
}

async fn fill(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<()> {
    match stream.read_buf(unread).await? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Headers that each connection sets for itself.
fn belongs_to_connection(name: &str) -> bool {
    matches!(
        name,
        "connection" | "content-length" | "expect" | "host" | "keep-alive" | "transfer-encoding"
    )
}

fn invalid(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidData, reason)
}
