//! Commands of every kind, drawn: the canonical line of each is read back as the same, and no text panics.

use proptest::prelude::*;

use super::*;

fn change() -> impl Strategy<Value = LinkChange> {
    use proptest::option::of;
    let delay = || of((0..=3_600_000_000_000u64).prop_map(Duration::from_nanos));
    let ppm = || 0..=1_000_000u32;
    let chance = || of(ppm());
    let side = prop_oneof![Just(None), Just(Some(LinkSide::Up)), Just(Some(LinkSide::Down))];
    let model = (ppm(), ppm(), ppm(), ppm()).prop_map(|(p, r, bad, good)| GeModel { p, r, bad, good });
    let distribution = of(proptest::sample::select(&Distribution::WORDS[..]).prop_map(|(_, d)| d));
    let frames = || of(1..=1_000_000u32);
    let first = (side, delay(), delay(), distribution, chance(), of(of(model)), chance());
    let rate = of(of(1..=100_000_000_000u64));
    let rest = (chance(), chance(), frames(), rate, frames(), of(576..=1500u16), of(any::<bool>()));
    (first, rest)
        .prop_map(|((side, latency, jitter, distribution, loss_ppm, bursts, corrupt_ppm), rest)| {
            let (duplicate_ppm, reorder_ppm, gap, rate_bps, limit, mtu, down) = rest;
            let first =
                LinkChange { side, latency, jitter, distribution, loss_ppm, bursts, ..LinkChange::default() };
            LinkChange { corrupt_ppm, duplicate_ppm, reorder_ppm, gap, rate_bps, limit, mtu, down, ..first }
        })
        .prop_filter("a change changes something", |c| {
            LinkChange { side: None, ..c.clone() } != LinkChange::default()
        })
}

fn action() -> impl Strategy<Value = HostAction> {
    let data = || proptest::collection::vec(any::<u8>(), 0..20);
    let to = || {
        prop_oneof![
            any::<u32>().prop_map(|a| Peer::Address(std::net::Ipv4Addr::from(a).into())),
            any::<u128>().prop_map(|a| Peer::Address(std::net::Ipv6Addr::from(a).into())),
            any::<u128>().prop_map(|a| Peer::Module(std::net::Ipv6Addr::from(a).to_string())),
            any::<u32>().prop_map(|a| Peer::Module(std::net::Ipv4Addr::from(a).to_string())),
            any::<String>().prop_map(Peer::Module),
        ]
    };
    let tls = || prop_oneof![Just(HostTls::None), Just(HostTls::Anonymous), Just(HostTls::Certificate)];
    prop_oneof![
        data().prop_filter("something is sent", |d| !d.is_empty()).prop_map(HostAction::Send),
        (which(), one()).prop_map(|(which, action)| HostAction::One(which, action)),
        Just(HostAction::HalfOpen),
        Just(HostAction::Vanish),
        (1..=u16::MAX, 1..=u32::MAX, program()).prop_map(|(port, number, input)| HostAction::External {
            port,
            number,
            input
        }),
        (1..=u16::MAX, any::<bool>()).prop_map(|(port, udp)| HostAction::Listen { port, udp }),
        (1..=u16::MAX, any::<bool>()).prop_map(|(port, udp)| HostAction::Unlisten { port, udp }),
        any::<bool>().prop_map(|join| HostAction::Group { group: [239, 1, 2, 3].into(), join }),
        (proptest::option::of(1..=u16::MAX), poison())
            .prop_map(|(port, change)| HostAction::Toxics { port, change }),
        proptest::sample::select(&UpdateAnswers::WORDS[..])
            .prop_map(|(_, answers)| HostAction::Update(answers)),
        Just(HostAction::Close),
        Just(HostAction::Reset),
        Just(HostAction::Pause),
        Just(HostAction::Resume),
        (to(), 1..=u16::MAX, tls()).prop_map(|(to, port, tls)| HostAction::Connect { to, port, tls }),
        (to(), 1..=u16::MAX, data()).prop_map(|(to, port, data)| HostAction::Datagram { to, port, data }),
    ]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        Just(Which::Newest),
        Just(Which::Oldest),
        (any::<u32>(), any::<u16>()).prop_map(|(a, p)| Which::Peer((std::net::Ipv4Addr::from(a), p).into())),
        (any::<u128>(), any::<u16>()).prop_map(|(a, p)| Which::Peer((std::net::Ipv6Addr::from(a), p).into())),
    ]
}

fn program() -> impl Strategy<Value = ExternalInput> {
    prop_oneof![
        Just(ExternalInput::Open),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(ExternalInput::Data),
        Just(ExternalInput::Close),
        Just(ExternalInput::Reset),
    ]
}

fn one() -> impl Strategy<Value = OneAction> {
    let data = proptest::collection::vec(any::<u8>(), 1..20);
    prop_oneof![
        data.prop_map(OneAction::Send),
        Just(OneAction::Close),
        Just(OneAction::Reset),
        Just(OneAction::HalfOpen),
    ]
}

fn poison() -> impl Strategy<Value = ToxicsChange> {
    use proptest::option::of;
    let delay = || (0..=quantity::LONGEST_DELAY.as_nanos()).prop_map(Duration::from_nanos);
    let dialled = of(proptest::sample::select(&Dialled::WORDS[..]).prop_map(|(_, dialled)| dialled));
    let slice = of(of((1..=65_535u32, delay())));
    let bytes = || of(1..=u64::MAX);
    let first = (of(Just(())), dialled, of(any::<bool>()), slice);
    let rest = (of(of(1..=100_000_000_000u64)), bytes(), bytes(), of(delay()), of(0..=1_000_000u32));
    (first, rest)
        .prop_map(|((none, dialled, stall, slice), rest)| {
            let (bandwidth_bps, reset_after, close_after, slow_close, garble_ppm) = rest;
            let first = ToxicsChange { none, dialled, stall, slice, ..ToxicsChange::default() };
            ToxicsChange { bandwidth_bps, reset_after, close_after, slow_close, garble_ppm, ..first }
        })
        .prop_filter("a change changes something", |c| *c != ToxicsChange::default())
}

fn harm() -> impl Strategy<Value = WireChange> {
    let chance = || proptest::option::of(0..=1_000_000u32);
    let low = proptest::option::of((0..=3_600_000_000_000u64).prop_map(Duration::from_nanos));
    let side = prop_oneof![Just(None), Just(Some(WireSide::FromMcu)), Just(Some(WireSide::ToMcu))];
    (side, chance(), chance(), low)
        .prop_map(|(side, noise_ppm, loss_ppm, low)| WireChange {
            side,
            harm: Harm { noise_ppm, loss_ppm, low },
        })
        .prop_filter("a change changes something", |c| c.harm != Harm::default())
}

fn fault() -> impl Strategy<Value = ModuleChange> {
    let command = || {
        let rest = prop_oneof!["[+=A-Z0-9,]{0,9}", any::<String>()];
        rest.prop_map(|rest| format!("AT{rest}").into_bytes()).prop_filter("it is a line", |c| c.len() <= 256)
    };
    let answer = prop_oneof![
        Just(Answer::Ok),
        Just(Answer::Error),
        Just(Answer::Busy),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(Answer::Text),
    ];
    let delay = (0..=quantity::LONGEST_DELAY.as_nanos()).prop_map(Duration::from_nanos);
    prop_oneof![
        proptest::sample::select(&Reset::WORDS[..]).prop_map(|(_, reset)| ModuleChange::Reset(reset)),
        any::<bool>().prop_map(ModuleChange::Power),
        any::<bool>().prop_map(ModuleChange::Flash),
        any::<bool>().prop_map(ModuleChange::Urcs),
        proptest::option::of(any::<u32>()).prop_map(ModuleChange::Heap),
        proptest::collection::vec(any::<u8>(), 1..20).prop_map(ModuleChange::Print),
        proptest::option::of(command()).prop_map(ModuleChange::NoAnswer),
        (command(), answer, proptest::option::of(1..=u32::MAX), delay).prop_map(
            |(command, answer, times, delay)| ModuleChange::Answer(Override {
                command,
                answer,
                times,
                delay
            })
        ),
    ]
}

fn name_server() -> impl Strategy<Value = DnsChange> {
    let answers = proptest::sample::select(&DnsAnswers::WORDS[..]).prop_map(|(_, answers)| answers);
    let delay = (0..=quantity::LONGEST_DELAY.as_nanos()).prop_map(Duration::from_nanos);
    (proptest::option::of(answers), proptest::option::of(delay))
        .prop_map(|(answers, delay)| DnsChange { answers, delay })
        .prop_filter("a change changes something", |c| *c != DnsChange::default())
}

fn command() -> impl Strategy<Value = Command> {
    let name = || prop_oneof!["[a-z0-9_.-]{1,8}", ".{0,8}", any::<String>()];
    let change = prop_oneof![
        name().prop_map(Change::ApUp),
        name().prop_map(Change::ApDown),
        (name(), change()).prop_map(|(name, change)| Change::Link { name, change }),
        (name(), proptest::sample::select(&DhcpAnswers::WORDS[..]))
            .prop_map(|(name, (_, answers))| Change::ApDhcp { name, answers }),
        (name(), proptest::sample::select(&Association::WORDS[..]))
            .prop_map(|(name, (_, association))| Change::ApAssociation { name, association }),
        (name(), proptest::sample::select(vec![Pin::En, Pin::Gpio0, Pin::Wake]), any::<bool>())
            .prop_map(|(name, pin, high)| Change::Pin { name, pin, high }),
        (name(), name_server()).prop_map(|(name, change)| Change::Dns { name, change }),
        (name(), -100..=-1i8, 0..=quantity::LONGEST_DELAY.as_nanos(), proptest::option::of(name())).prop_map(
            |(name, dbm, ns, module)| Change::ApRssi { name, dbm, over: Duration::from_nanos(ns), module }
        ),
        (name(), 1..=14u8).prop_map(|(name, n)| Change::ApRadio { name, change: ApChange::Channel(n) }),
        (name(), "[ -~]{8,63}")
            .prop_map(|(name, s)| Change::ApRadio { name, change: ApChange::Password(s.into_bytes()) }),
        name().prop_map(|name| Change::ApRadio { name, change: ApChange::Deauth }),
        (name(), any::<bool>()).prop_map(|(name, up)| Change::ApUplink { name, up }),
        (name(), any::<bool>()).prop_map(|(name, on)| Change::ApCaptive { name, on }),
        (name(), fault()).prop_map(|(name, change)| Change::Module { name, change }),
        (name(), harm()).prop_map(|(name, change)| Change::Wire { name, change }),
        (name(), action()).prop_map(|(name, action)| Change::Host { name, action }),
    ];
    let change = change.boxed();
    let topic = proptest::option::of(prop_oneof![Just("help"), Just("link"), Just("at")]);
    let question = prop_oneof![
        topic.prop_map(|t| Question::Help(t.map(str::to_string))),
        Just(Question::Status),
        Just(Question::Expect),
        proptest::option::of(name()).prop_map(Question::Link),
        proptest::option::of(name()).prop_map(Question::Wire),
        proptest::option::of(name()).prop_map(Question::Module),
        proptest::option::of(name()).prop_map(Question::Dns),
    ];
    prop_oneof![
        question.prop_map(Command::Ask),
        change.clone().prop_map(Command::Change),
        (any::<u64>(), change).prop_map(|(ns, c)| Command::At(Instant::from_nanos(ns), c)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_canonical_line_is_read_back(command in command()) {
        prop_assert_eq!(parse(&command.to_string()), Ok(command));
    }

    #[test]
    fn no_line_panics(line in any::<String>(), words in "(module|reset|power|ap|dhcp|nak|dns|answers|delay|link|wire|noise|break|host|send|at|help|wifi|\"|\\\\|x4|1|connect|loss|5%|1s| ){0,12}") {
        for line in [line, words] {
            if let Ok(command) = parse(&line) {
                prop_assert_eq!(parse(&command.to_string()), Ok(command));
            }
        }
    }
}
