//! One link of the load: the upgrade, CONNECT up to CONNACK 0, and PUBACKs counted as they come.

use crate::devices::Device;
use crate::failure::Failure;
use crate::frame::{self, Read};
use crate::mqtt;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const OPCODE_BINARY: u8 = 2;
const READ: usize = 16 * 1024;

/// An open WebSocket.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    /// Bytes of the socket that are not a whole frame yet.
    raw: Vec<u8>,
    /// Bytes of MQTT that are not a whole packet yet.
    packets: Vec<u8>,
}

impl Link {
    /// Upgrades a socket.
    pub(crate) async fn upgrade(address: SocketAddr) -> Result<Self, Failure> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /$iothub/websocket?iothub-no-client-cert=true HTTP/1.1\r\nHost: {address}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: aW90aHViLWJlbmNoIGxvYQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut raw = Vec::with_capacity(512);
        let end = loop {
            if stream.read_buf(&mut raw).await? == 0 {
                return Err(Failure::new("the server closed the socket during the upgrade"));
            }
            if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        if !raw.starts_with(b"HTTP/1.1 101") {
            let line =
                String::from_utf8_lossy(raw.split(|byte| *byte == b'\r').next().unwrap_or(&[])).into_owned();
            return Err(Failure::new(format!("the upgrade was answered \"{line}\"")));
        }
        raw.drain(..end);
        Ok(Self { stream, raw, packets: Vec::new() })
    }

    /// Upgrades and connects as a device.
    pub(crate) async fn connect(address: SocketAddr, device: &Device) -> Result<Self, Failure> {
        let mut link = Self::upgrade(address).await?;
        let mut out = Vec::new();
        frame::write_masked(&mut out, &device.connect()?);
        link.send(&out).await?;
        loop {
            link.receive().await?;
            let Some((kind, length)) = mqtt::first_packet(&link.packets) else { continue };
            let code = link.packets.get(3).copied();
            if (kind, code) != (mqtt::CONNACK, Some(0)) {
                return Err(Failure::new(format!(
                    "CONNECT of {} was answered with packet type {kind}, code {code:?}",
                    device.identity
                )));
            }
            link.packets.drain(..length);
            return Ok(link);
        }
    }

    /// Writes frames that are ready to leave.
    pub(crate) async fn send(&mut self, frames: &[u8]) -> Result<(), Failure> {
        Ok(self.stream.write_all(frames).await?)
    }

    /// Waits for at least one PUBACK and gives how many came.
    pub(crate) async fn acknowledged(&mut self) -> Result<usize, Failure> {
        loop {
            let mut count = 0;
            let mut at = 0;
            while let Some((kind, length)) = mqtt::first_packet(&self.packets[at..]) {
                count += usize::from(kind == mqtt::PUBACK);
                at += length;
            }
            self.packets.drain(..at);
            if count > 0 {
                return Ok(count);
            }
            self.receive().await?;
        }
    }

    /// Reads once and unwraps the frames that are whole.
    async fn receive(&mut self) -> Result<(), Failure> {
        self.raw.reserve(READ);
        if self.stream.read_buf(&mut self.raw).await? == 0 {
            return Err(Failure::new("the server closed the link"));
        }
        let mut at = 0;
        while let Read::Frame { opcode, payload, end } = frame::read(&mut self.raw[at..]) {
            if opcode != OPCODE_BINARY {
                return Err(Failure::new(format!("the server sent a frame with opcode {opcode}")));
            }
            self.packets.extend_from_slice(&self.raw[at + payload.start..at + payload.end]);
            at += end;
        }
        self.raw.drain(..at);
        Ok(())
    }
}
