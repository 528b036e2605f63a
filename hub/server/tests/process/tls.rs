//! TLS with the hub's own authority: HTTPS, and MQTT on its own port.

use crate::support::{Folder, Process, hello, within};
use iothub_protocol::packet::{Decoder, Packet, write_connect};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

async fn start(folder: &Folder) -> Process {
    let ports = ["--tls", "--https-port", "0", "--mqtts-port", "0", "--cert-dir"];
    let folder = folder.join("certs");
    let mut args = ports.to_vec();
    args.push(&folder);
    Process::start(&args).await
}

async fn dial(hub: &Process, port_of: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(hub.ready["caFile"].as_str().unwrap()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let port: u16 = hub.ready[port_of].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    within("the handshake", TlsConnector::from(Arc::new(config)).connect(name, socket)).await.unwrap()
}

#[tokio::test]
async fn mqtt_speaks_on_its_own_port() {
    let folder = Folder::new("tls-mqtt");
    let hub = start(&folder).await;
    let mut stream = dial(&hub, "mqtts").await;
    let mut bytes = Vec::new();
    write_connect(&mut bytes, &hello("device-1", iothub_hub::FIRST_DEVICE_KEY)).unwrap();
    // One byte at a time: packets need not line up with anything.
    for byte in bytes {
        stream.write_all(&[byte]).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = [0; 4];
    within("CONNACK", stream.read_exact(&mut answer)).await.unwrap();
    let mut decoder = Decoder::new(100);
    decoder.push(&answer);
    assert!(matches!(decoder.next_packet(), Ok(Some(Packet::ConnAck(ack))) if ack.code as u8 == 0));
    stream.write_all(&[0xe0, 0]).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(within("the end", stream.read(&mut answer)).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn https_answers_and_the_authority_is_kept() {
    let folder = Folder::new("tls-https");
    let hub = start(&folder).await;
    let mut stream = dial(&hub, "https").await;
    stream
        .write_all(b"GET /local/info HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    // The hub may close without a goodbye of TLS.
    let _ = within("the answer", stream.read_to_end(&mut answer)).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    let file = hub.ready["caFile"].as_str().unwrap().to_owned();
    let before = std::fs::read(&file).unwrap();
    hub.kill().await;
    let hub = start(&folder).await;
    assert_eq!(std::fs::read(&file).unwrap(), before);
    dial(&hub, "https").await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.join("certs/ca.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads the key");
    }
}
