//! A ClickHouse of one's own: over TLS, and what is said when what answers is not the one that is meant.

use crate::app::{NOW_MS, event, run, shared_engine, spawn_app_over, store_of};
use crate::rules::root;
use crate::server::{Installation, output, stderr};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use shopfunnel::store::{OLDEST_SERVER, Rebuild, Store, StoreError, StoreOptions};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A CA of one's own, made for the test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// What a server shows that is `localhost` until the end of a year.
    fn server(&self, until_year: i32) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        let certificates = vec![certificate.der().clone()];
        Arc::new(config.with_no_client_auth().with_single_cert(certificates, key).unwrap())
    }
}

/// A proxy that speaks TLS and passes everything on to the shared engine.
struct Tls {
    port: u16,
    shown: Arc<Mutex<Arc<ServerConfig>>>,
    authority: Authority,
    directory: TempDir,
}

impl Tls {
    async fn start(until_year: i32) -> Tls {
        let authority = Authority::new();
        let engine = shared_engine().await.url();
        let engine = engine.strip_prefix("http://").unwrap().to_owned();
        let shown = Arc::new(Mutex::new(authority.server(until_year)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shows = shown.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(shows.lock().unwrap().clone());
                let engine = engine.clone();
                tokio::spawn(async move {
                    let mut outside = acceptor.accept(stream).await?;
                    let mut inside = TcpStream::connect(engine).await?;
                    tokio::io::copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        });
        Tls { port, shown, authority, directory: tempfile::tempdir().unwrap() }
    }

    fn ca_file(&self) -> PathBuf {
        let file = self.directory.path().join("ca.pem");
        std::fs::write(&file, &self.authority.pem).unwrap();
        file
    }

    async fn store(&self, url: &str, ca_file: Option<PathBuf>, database: &str) -> StoreOptions {
        let store = store_of(shared_engine().await, database);
        StoreOptions { url: url.replace("PORT", &self.port.to_string()), ca_file, ..store }
    }
}

#[test]
fn events_and_figures_travel_over_tls_to_a_server_of_a_private_ca() {
    run(async {
        let tls = Tls::start(2099).await;
        let store = tls.store("https://localhost:PORT", Some(tls.ca_file()), "it_tls").await;
        let app = spawn_app_over(store).await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "v", NOW_MS), event("inquiry", "v", NOW_MS + 1)]).await;
        let funnel = app.funnel(&shop, "2026-11-22", "2026-11-22").await;
        assert_eq!((&funnel["visitors"], &funnel["inquirers"]), (&1.into(), &1.into()));
        app.close().await;
    });
}

/// Nothing here is wrong then, so events wait as for any server that is away.
#[test]
fn events_wait_until_a_certificate_that_expired_is_renewed() {
    run(async {
        let tls = Tls::start(2021).await;
        let store = tls.store("https://localhost:PORT", Some(tls.ca_file()), "it_tls_expired").await;
        let error = Store::new(store.clone()).unwrap().migrate(Rebuild::Now).await.unwrap_err();
        assert!(error.is_away() && !error.is_unusable(), "{error}");
        assert!(error.to_string().contains("clickhouse.url shows a certificate that has expired"), "{error}");
        let app = spawn_app_over(store).await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "v", NOW_MS)]).await;
        *tls.shown.lock().unwrap() = tls.authority.server(2099);
        let funnel = app.funnel(&shop, "2026-11-22", "2026-11-22").await;
        assert_eq!(funnel["visitors"], 1);
        app.close().await;
    });
}

#[test]
fn a_server_that_cannot_be_believed_is_refused_by_the_name_of_the_setting() {
    run(async {
        let tls = Tls::start(2099).await;
        let other = tls.directory.path().join("other.pem");
        std::fs::write(&other, Authority::new().pem).unwrap();
        let plain = shared_engine().await.url().replace("http:", "https:");
        let ours = Some(tls.ca_file());
        for (url, ca_file, says) in [
            ("https://127.0.0.1:PORT", ours.clone(), "certificate is not for the host of clickhouse.url"),
            ("https://localhost:PORT", Some(other), "name the PEM file of that CA with clickhouse.ca_file"),
            ("https://localhost:PORT", None, "clickhouse.ca_file"),
            (plain.as_str(), ours, "clickhouse.url does not speak TLS; write http://"),
            ("http://127.0.0.1:PORT", None, "write https://"),
        ] {
            let store = tls.store(url, ca_file, "it_tls_refused").await;
            let error = match Store::new(store) {
                Ok(store) => store.migrate(Rebuild::Now).await.unwrap_err(),
                // A system without any CA says so before anything is sent.
                Err(error) => error,
            };
            assert!(error.to_string().contains(says), "{url}: {error}");
            // Whether the alert of a server that speaks TLS is seen, or only the end of the connection, is
            // the network's affair.
            assert!(error.is_unusable() || url.starts_with("http:"), "{url}: {error}");
        }
    });
}

/// Answers every request in the same way.
async fn stranger(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = vec![0; 4_096];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    url
}

const NGINX: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>\n<title>Welcome to nginx!</title>";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found";
const OLD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n23.3.22.301\n";

#[test]
fn what_is_no_clickhouse_is_named_and_what_is_away_is_waited_for() {
    run(async {
        let own = shared_engine().await;
        for (answer, unusable, says) in [
            (NGINX, true, "is not ClickHouse: it answered 200 OK, `<html> <title>Welcome to nginx!</title>`"),
            (NOT_FOUND, true, "it answered 404 Not Found, `not found`; check clickhouse.url"),
            (
                "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
                true,
                "it answered 302 Found",
            ),
            ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", true, "is not ClickHouse"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", true, "it answered 200 OK, `{}`"),
            ("SSH-2.0-OpenSSH_9.2\r\n", true, "does not speak HTTP"),
            (OLD, true, "is ClickHouse 23.3.22.301, and shopfunnel needs"),
            ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", false, "answered 502 Bad Gateway"),
            ("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", false, "answered 429"),
            ("", false, "closed the connection without an answer"),
        ] {
            let store = StoreOptions { url: stranger(answer).await, ..store_of(own, "it_stranger") };
            let error = Store::new(store).unwrap().migrate(Rebuild::Now).await.unwrap_err();
            assert!(error.is_away(), "{answer}: {error}");
            assert_eq!(error.is_unusable(), unusable, "{answer}: {error}");
            assert!(error.to_string().contains(says), "{answer}: {error}");
        }
        // Behind a proxy it may have a path of its own, which is asked as it is written.
        let below =
            StoreOptions { url: format!("{}/ch", stranger(NOT_FOUND).await), ..store_of(own, "it_stranger") };
        let error = Store::new(below).unwrap().migrate(Rebuild::Now).await.unwrap_err().to_string();
        assert!(error.contains("/ch is not ClickHouse"), "{error}");
        // A ClickHouse that says no in its own words is a ClickHouse.
        let wrong = StoreOptions { password: "wrong".into(), ..store_of(own, "it_stranger") };
        let error = Store::new(wrong).unwrap().migrate(Rebuild::Now).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused(words) if words.contains("516")), "{error}");
    });
}

#[test]
fn the_program_does_not_start_with_a_wrong_server_and_waits_for_one_that_is_away() {
    let strange = run(stranger(NOT_FOUND));
    let old = run(stranger(OLD));
    let directory = tempfile::tempdir().unwrap();
    let with = |url: &str| Installation {
        environment: vec![("SHOPFUNNEL_CLICKHOUSE__URL", url.to_owned())],
        ..Installation::new(directory.path())
    };
    for (url, says) in [(strange, "is not ClickHouse"), (old, "shopfunnel needs")] {
        let refused = output(with(&url).command(&["serve"]));
        assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
        let told = stderr(&refused);
        let sentence = told.lines().find(|line| line.starts_with("shopfunnel: ")).unwrap_or_default();
        assert!(sentence.contains(says) && sentence.contains(&url), "{told}");
    }
    let nobody = format!("http://127.0.0.1:{}", crate::server::free_port());
    let server = with(&nobody).serve();
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn the_documents_name_the_oldest_server() {
    let (major, minor) = OLDEST_SERVER;
    for document in ["README.md", "README.zh-CN.md", "docs/GRAFANA.md", "shopfunnel.example.toml"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        assert!(text.contains(&format!("ClickHouse {major}.{minor}")), "{document}");
    }
}
