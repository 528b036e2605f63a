//! TLS with the hub's own authority: HTTPS, and MQTT on its own port.

use crate::support::{Folder, Process, command, hello, hello_at, within};
use iothub_protocol::packet::{Decoder, Packet, write_connect};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair,
};
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore};

/// A certificate, its key, and its SHA-1 as Azure's portal shows it.
fn certificate(name: &str, signer: Option<&Issuer<'_, KeyPair>>) -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let made = match signer {
        Some(signer) => params.signed_by(&key, signer),
        None => params.self_signed(&key),
    };
    (made.unwrap().der().clone(), key)
}

/// Connects with a certificate and no password; gives the CONNACK's code.
async fn connect_with(hub: &Process, device: &str, shown: &(CertificateDer<'static>, KeyPair)) -> u8 {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(hub.ready["caFile"].as_str().unwrap()).unwrap()).unwrap();
    let key = PrivateKeyDer::Pkcs8(shown.1.serialize_der().into());
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![shown.0.clone()], key)
        .unwrap();
    let mut stream = shake(hub, "mqtts", config).await;
    let mut connect = iothub_protocol::packet::Connect::new(device);
    connect.set_login(format!("localhost/{device}/?api-version=2021-04-12"), String::new());
    let mut bytes = Vec::new();
    write_connect(&mut bytes, &connect).unwrap();
    stream.write_all(&bytes).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = [0; 4];
    within("CONNACK", stream.read_exact(&mut answer)).await.unwrap();
    answer[3]
}

#[tokio::test]
async fn certificates_prove_devices_by_thumbprint_or_authority() {
    // PROTOCOL 2.1: no password then; 14.2 selfSigned and certificateAuthority.
    let folder = Folder::new("tls-client");
    let (authority_key, mut authority) = (KeyPair::generate().unwrap(), CertificateParams::default());
    authority.distinguished_name.push(DnType::CommonName, "authority of a fleet");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let file = folder.join("authority.pem");
    std::fs::write(&file, authority.self_signed(&authority_key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(authority, authority_key);

    let certs = folder.join("certs");
    let args =
        ["--tls", "--https-port", "0", "--mqtts-port", "0", "--cert-dir", &certs, "--client-ca", &file];
    let hub = Process::start(&args).await;
    let own = certificate("whatever", None);
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &own.0);
    let thumbprint: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let body =
        format!("{{\"authentication\":{{\"x509Thumbprint\":{{\"primaryThumbprint\":\"{thumbprint}\"}}}}}}");
    hub.json("PUT", "/local/devices/thumb", &body).await;
    hub.json("PUT", "/local/devices/child", r#"{"authentication":{"type":"certificateAuthority"}}"#).await;

    assert_eq!(connect_with(&hub, "thumb", &own).await, 0);
    assert_eq!(connect_with(&hub, "thumb", &certificate("thumb", None)).await, 5, "another certificate");
    assert_eq!(connect_with(&hub, "device-1", &own).await, 5, "registered for keys");
    assert_eq!(connect_with(&hub, "child", &certificate("child", Some(&issuer))).await, 0);
    assert_eq!(connect_with(&hub, "child", &certificate("other", Some(&issuer))).await, 5, "another name");
    assert_eq!(connect_with(&hub, "child", &certificate("child", None)).await, 5, "nobody signed it");
    let (_, log) = hub.json("GET", "/local/log", "").await;
    let events = log["events"].as_array().unwrap();
    let reasons: Vec<&str> =
        events.iter().filter(|e| e["type"] == "refused").map(|e| e["reason"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        ["certificate-mismatch", "authentication-type", "certificate-mismatch", "certificate-mismatch"]
    );
}

async fn start(folder: &Folder) -> Process {
    let ports = ["--tls", "--https-port", "0", "--mqtts-port", "0", "--cert-dir"];
    let folder = folder.join("certs");
    let mut args = ports.to_vec();
    args.push(&folder);
    Process::start(&args).await
}

async fn dial(hub: &Process, port_of: &str) -> TlsStream<TcpStream> {
    dial_as(hub, port_of, "localhost").await.unwrap()
}

/// Dials by a name; an error when the certificate does not have it.
async fn dial_as(hub: &Process, port_of: &str, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(hub.ready["caFile"].as_str().unwrap()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    within("the handshake", connector.connect(name, socket_to(hub, port_of).await)).await
}

async fn socket_to(hub: &Process, port_of: &str) -> TcpStream {
    let port: u16 = hub.ready[port_of].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

async fn shake(hub: &Process, port_of: &str, config: ClientConfig) -> TlsStream<TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    within("the handshake", connector.connect(name, socket_to(hub, port_of).await)).await.unwrap()
}

#[tokio::test]
async fn every_name_of_the_hub_is_in_its_certificate_and_taken_in_tokens() {
    let folder = Folder::new("tls-names");
    let certs = folder.join("certs");
    let args = [
        "--tls",
        "--https-port",
        "0",
        "--mqtts-port",
        "0",
        "--cert-dir",
        &certs,
        "--host-name",
        "iothub.test",
    ];
    let hub = Process::start(&args).await;
    for name in ["localhost", "127.0.0.1", "::1", "hub.localhost", "my.own.localhost", "iothub.test"] {
        let mut stream = dial_as(&hub, "mqtts", name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let host = if name == "::1" { "[::1]" } else { name };
        let mut bytes = Vec::new();
        write_connect(&mut bytes, &hello_at(host, "device-1", iothub_hub::FIRST_DEVICE_KEY)).unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = [0; 4];
        within("CONNACK", stream.read_exact(&mut answer)).await.unwrap();
        assert_eq!(answer[3], 0, "{name}");
    }
    for name in ["example.com", "other.test", "localhost.example.com"] {
        assert!(dial_as(&hub, "https", name).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn an_address_in_sni_is_served_without_a_warning() {
    // Java sends one; RFC 6066 forbids it, so rustls does not: its hello is changed on the way.
    let folder = Folder::new("tls-sni");
    let certs = folder.join("certs");
    let args =
        ["--json", "--port", "0", "--tls", "--https-port", "0", "--mqtts-port", "0", "--cert-dir", &certs];
    let mut hub = command(&args);
    hub.env("IOTHUB_LOCAL_LOG", "debug").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = hub.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = within("the ready line", lines.next_line()).await.unwrap().unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let port: u16 = ready["mqtts"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    let config = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from("abc.d.e.f").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    let at = hello.windows(9).position(|bytes| bytes == b"abc.d.e.f").expect("the name");
    hello[at..at + 9].copy_from_slice(b"127.0.0.1");
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    socket.write_all(&hello).await.unwrap();
    let mut answer = [0; 6];
    within("the server's hello", socket.read_exact(&mut answer)).await.unwrap();
    assert_eq!((answer[0], answer[5]), (0x16, 2), "a handshake record with a ServerHello");
    child.start_kill().unwrap();
    let output = within("the end", child.wait_with_output()).await.unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("ready") && !log.contains("WARN"), "{log}");
}

#[tokio::test]
async fn hubs_that_start_together_have_one_authority() {
    let folder = Folder::new("tls-together");
    for round in 0..3 {
        let certs = folder.join(&format!("certs-{round}"));
        let args = ["--tls", "--https-port", "0", "--mqtts-port", "0", "--cert-dir", &certs];
        let hubs = futures_util::future::join_all((0..4).map(|_| Process::start(&args))).await;
        for hub in &hubs {
            // The file is what a client trusts that starts now.
            dial(hub, "https").await;
        }
    }
}

#[tokio::test]
async fn a_certificate_of_another_key_is_made_anew() {
    let folder = Folder::new("tls-other-key");
    start(&folder).await.kill().await;
    let other = folder.join("certs/ca.key");
    std::fs::write(&other, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let hub = start(&folder).await;
    dial(&hub, "https").await;
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
