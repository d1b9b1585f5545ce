//! What TLS costs: handshakes, both ends, with the curves that the releases offer first, and a megabyte over a link with TLS
//! beside the same without.

mod driver;

#[cfg(feature = "tls")]
mod over_tls {
    use divan::Bencher;
    use divan::counter::BytesCount;
    use espat_sim::net::tls::{
        CA, CLIENT_CA, Clock, Config, HostCertificate, KeyKind, Session, State, Verify, client_identity,
    };
    use espat_sim::rng::Stream;
    use espat_sim::time::Instant;
    use espat_sim::world::Scenario;

    use super::driver::{Driver, Record};

    /// 128 times AT+CIPSEND=8192.
    const BLOCK: usize = 8192;
    const BLOCKS: usize = 128;

    /// A host whose server has TLS on port 443 and none on port 80, and throws away what is posted.
    const SINK: &str = r#"
[host.sink]
address = "203.0.113.77"
names = ["sink.example.com"]
[host.sink.http]
pages = { "/" = "stored\n" }

[host.vault]
address = "203.0.113.78"
names = ["vault.example.com"]
[host.vault.http]
tls = true
pages = { "/" = "stored\n" }
"#;

    /// Who shows a certificate.
    #[derive(Clone, Copy, Debug)]
    pub enum Shown {
        Server,
        Both,
    }

    /// The curve that a release offers first, by its number.
    #[derive(Clone, Copy, Debug)]
    pub enum Curve {
        /// secp521r1: v2.
        V2 = 0x19,
        /// x25519: v3 and v4.
        V3 = 0x1d,
    }

    fn side(config: &Config, name: &str) -> Session {
        let clock = Clock { at: Instant::ZERO, shows: 1_767_225_600 };
        Session::new(config, Stream::new(1, name), clock, Instant::ZERO).expect("a session")
    }

    /// Moves bytes until both are open.
    fn shake(client: &mut Session, server: &mut Session) {
        while [client.state(), server.state()] != [State::Open; 2] {
            let sent = client.take();
            server.feed(Instant::ZERO, &sent);
            server.read(1);
            let answered = server.take();
            assert!(!sent.is_empty() || !answered.is_empty(), "the handshake came to rest");
            client.feed(Instant::ZERO, &answered);
            client.read(1);
        }
    }

    /// Both ends of a handshake, RSA 2048, the client verifies.
    #[divan::bench(args = [(Shown::Server, Curve::V2), (Shown::Server, Curve::V3), (Shown::Both, Curve::V2), (Shown::Both, Curve::V3)], sample_count = 50, sample_size = 1)]
    fn handshake(bencher: Bencher<'_, '_>, (shown, curve): (Shown, Curve)) {
        let host = HostCertificate {
            names: vec!["vault.example.com".to_owned()],
            addresses: Vec::new(),
            key: KeyKind::Rsa,
            valid_from: HostCertificate::FROM,
            valid_until: HostCertificate::UNTIL,
        };
        let both = matches!(shown, Shown::Both);
        let client = Config {
            groups: vec![curve as u16],
            suites: vec![0xc030],
            verify: Verify::Required,
            authorities: CA.into(),
            identity: both.then(client_identity),
            ..Config::default()
        };
        let server = Config {
            server: true,
            identity: Some(host.sign().expect("a certificate")),
            suites: vec![0xc030],
            authorities: CLIENT_CA.into(),
            verify: if both { Verify::Required } else { Verify::None },
            ..Config::default()
        };
        bencher.with_inputs(|| (side(&client, "client"), side(&server, "server"))).bench_local_values(
            |(mut client, mut server)| {
                shake(&mut client, &mut server);
                (client, server)
            },
        );
    }

    /// 1 MiB through AT+CIPSEND to a server that answers when all of it is there.
    #[divan::bench(args = ["TCP", "SSL"], sample_count = 10, sample_size = 1)]
    fn cipsend(bencher: Bencher<'_, '_>, link: &str) {
        let total = BLOCK * BLOCKS;
        let block: Vec<u8> = (0..BLOCK).map(|i| (i * 31) as u8).collect();
        let text = Scenario::default_text().to_owned() + SINK;
        let scenario = Scenario::parse("sink.toml", &text).expect("the scenario is sound");
        let (host, port) = if link == "SSL" { ("vault", 443) } else { ("sink", 80) };
        let open = || {
            let mut driver = Driver::new(&scenario, Record::Digest);
            driver.until(b"\r\nready\r\n");
            driver.ask(b"ATE0\r\n");
            driver.ask(b"AT+CWMODE=1\r\n");
            driver.ask(b"AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n");
            driver.ask(format!("AT+CIPSTART=\"{link}\",\"{host}.example.com\",{port}\r\n").as_bytes());
            driver
                .send(format!("POST / HTTP/1.1\r\nHost: sink\r\nContent-Length: {total}\r\n\r\n").as_bytes());
            driver
        };
        bencher.counter(BytesCount::new(total)).with_inputs(open).bench_local_values(|mut driver| {
            for _ in 0..BLOCKS {
                driver.send(&block);
            }
            driver.until(b"stored\n\r\n");
            driver
        });
    }
}

fn main() {
    divan::main();
}
