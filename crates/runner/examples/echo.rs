//! A custom runtime in Rust that answers with what it is asked: what the benches start and call.
//! It sends its answer and asks for the next event in one write.

use std::io::{self, Read, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_else(|_| "127.0.0.1:9001".to_owned());
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n";
    stream.write_all(next.as_bytes())?;
    let mut input = Vec::new();
    loop {
        let (head, body) = read_answer(&mut stream, &mut input)?;
        // The answer to the response has no such header; the event has.
        let Some(id) = header(&head, "lambda-runtime-aws-request-id") else { continue };
        let length = body.len();
        let mut request = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: runtime\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        request.extend_from_slice(&body);
        request.extend_from_slice(next.as_bytes());
        stream.write_all(&request)?;
    }
}

fn read_answer(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<(String, Vec<u8>)> {
    loop {
        if let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&input[..end]).into_owned();
            let length = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            if input.len() >= end + 4 + length {
                let body = input[end + 4..end + 4 + length].to_vec();
                input.drain(..end + 4 + length);
                return Ok((head, body));
            }
        }
        let mut space = [0; 16 * 1024];
        match stream.read(&mut space)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => input.extend_from_slice(&space[..read]),
        }
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
