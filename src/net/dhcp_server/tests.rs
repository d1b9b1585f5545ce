use super::*;

const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);
const A: Mac = [2, 0, 0, 0, 0, 0xa];
const B: Mac = [2, 0, 0, 0, 0, 0xb];

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 4, last)
}

fn second(s: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(s)
}

/// Leases .1 to .6, of which .1 is the gateway's and .3 a host's, for an hour.
fn server() -> DhcpServer {
    let segment = SegmentConfig {
        name: "home".to_owned(),
        gateway: GATEWAY,
        prefix_len: 24,
        dhcp_range: (ip(1), ip(6)),
        dhcp_answers: DhcpAnswers::default(),
        lease: Duration::from_secs(3600),
        ipv6: None,
        dns: vec![GATEWAY],
        lan: None,
        rssi: -45,
        uplink: true,
        captive: false,
    };
    DhcpServer::new(&segment, [ip(3)])
}

fn message(kind: DhcpMessageType, mac: Mac) -> DhcpRepr<'static> {
    DhcpRepr {
        message_type: kind,
        transaction_id: 0xabcd_ef01,
        secs: 0,
        client_hardware_address: EthernetAddress(mac),
        client_ip: Ipv4Addr::UNSPECIFIED,
        your_ip: Ipv4Addr::UNSPECIFIED,
        server_ip: Ipv4Addr::UNSPECIFIED,
        router: None,
        subnet_mask: None,
        relay_agent_ip: Ipv4Addr::UNSPECIFIED,
        broadcast: false,
        requested_ip: None,
        client_identifier: None,
        server_identifier: None,
        parameter_request_list: None,
        dns_servers: None,
        max_size: None,
        lease_duration: None,
        renew_duration: None,
        rebind_duration: None,
        additional_options: &[],
    }
}

fn bytes(repr: &DhcpRepr<'_>) -> Vec<u8> {
    let mut bytes = vec![0; repr.buffer_len()];
    repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes[..])).unwrap();
    bytes
}

/// Kind of the answer and the address in it.
fn ask(s: &mut DhcpServer, now: Instant, repr: &DhcpRepr<'_>) -> Option<(DhcpMessageType, Ipv4Addr)> {
    let reply = s.answer(now, &bytes(repr))?;
    let packet = DhcpPacket::new_checked(&reply.payload[..]).unwrap();
    let repr = DhcpRepr::parse(&packet).unwrap();
    Some((repr.message_type, repr.your_ip))
}

fn discover(s: &mut DhcpServer, now: Instant, mac: Mac, wish: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
    let repr = DhcpRepr { requested_ip: wish, ..message(DhcpMessageType::Discover, mac) };
    ask(s, now, &repr).map(|(kind, address)| {
        assert_eq!(kind, DhcpMessageType::Offer);
        address
    })
}

/// True for an ACK.
fn request(s: &mut DhcpServer, now: Instant, mac: Mac, address: Ipv4Addr) -> bool {
    let repr = DhcpRepr { requested_ip: Some(address), ..message(DhcpMessageType::Request, mac) };
    match ask(s, now, &repr) {
        Some((DhcpMessageType::Ack, got)) => {
            assert_eq!(got, address);
            true
        }
        other => {
            assert_eq!(other, Some((DhcpMessageType::Nak, Ipv4Addr::UNSPECIFIED)));
            false
        }
    }
}

#[test]
fn an_answer_carries_mask_router_dns_and_lease_time() {
    let reply = server().answer(second(0), &bytes(&message(DhcpMessageType::Discover, A))).unwrap();
    assert_eq!((reply.mac, reply.ip), (A, ip(2)), "an offer goes straight to its client");
    assert_eq!(reply.payload.len(), MESSAGE_MIN);
    let packet = DhcpPacket::new_checked(&reply.payload[..]).unwrap();
    let repr = DhcpRepr::parse(&packet).unwrap();
    assert_eq!(repr.transaction_id, 0xabcd_ef01);
    assert_eq!(repr.subnet_mask, Some(Ipv4Addr::new(255, 255, 255, 0)));
    assert_eq!((repr.router, repr.server_identifier), (Some(GATEWAY), Some(GATEWAY)));
    assert_eq!(repr.dns_servers.as_deref(), Some(&[GATEWAY][..]));
    assert_eq!(repr.lease_duration, Some(3600));
}

#[test]
fn a_client_gets_its_old_address_again_even_after_its_lease_ran_out() {
    let mut s = server();
    assert_eq!(discover(&mut s, second(0), A, None), Some(ip(2)));
    assert!(request(&mut s, second(0), A, ip(2)));
    assert_eq!(discover(&mut s, second(1), B, None), Some(ip(4)), ".3 is a host's");
    assert_eq!(discover(&mut s, second(100_000), A, None), Some(ip(2)));
}

#[test]
fn the_address_asked_for_is_given_when_it_is_free_and_in_the_range() {
    let mut s = server();
    assert_eq!(discover(&mut s, second(0), A, Some(ip(5))), Some(ip(5)));
    assert_eq!(discover(&mut s, second(0), B, Some(ip(5))), Some(ip(2)), ".5 is offered to another");
    assert_eq!(discover(&mut s, second(0), B, Some(ip(9))), Some(ip(2)), ".9 is outside the range");
    assert_eq!(discover(&mut s, second(0), B, Some(ip(3))), Some(ip(2)), ".3 is a host's");
    assert_eq!(discover(&mut s, second(100), B, Some(ip(5))), Some(ip(5)), "the offer to A has run out");
}

#[test]
fn a_request_for_what_the_client_may_not_have_is_refused_to_everybody() {
    let mut s = server();
    assert!(request(&mut s, second(0), A, ip(2)), "a reboot with a known address needs no discovery");
    assert!(!request(&mut s, second(0), B, ip(2)), ".2 is leased to another");
    assert!(!request(&mut s, second(0), B, ip(3)), ".3 is a host's");
    assert!(!request(&mut s, second(0), B, GATEWAY));
    assert!(!request(&mut s, second(0), B, Ipv4Addr::new(10, 0, 0, 7)));
    let repr = DhcpRepr { requested_ip: Some(ip(99)), ..message(DhcpMessageType::Request, B) };
    let nak = s.answer(second(0), &bytes(&repr)).unwrap();
    assert_eq!((nak.mac, nak.ip), ([0xff; 6], Ipv4Addr::BROADCAST));
    assert!(request(&mut s, second(3600), B, ip(2)), "the lease of A ended after an hour");
}

#[test]
fn a_renewal_is_answered_to_the_address_renewed() {
    let mut s = server();
    assert!(request(&mut s, second(0), A, ip(2)));
    let repr = DhcpRepr { client_ip: ip(2), ..message(DhcpMessageType::Request, A) };
    let ack = s.answer(second(1800), &bytes(&repr)).unwrap();
    assert_eq!((ack.mac, ack.ip), (A, ip(2)));
    assert!(!request(&mut s, second(3700), B, ip(2)), "the renewal did not prolong the lease");
}

#[test]
fn a_released_address_is_free_and_a_declined_one_is_never_leased_again() {
    let mut s = server();
    assert!(request(&mut s, second(0), A, ip(2)));
    let release = |mac| DhcpRepr { client_ip: ip(2), ..message(DhcpMessageType::Release, mac) };
    assert_eq!(ask(&mut s, second(1), &release(B)), None);
    assert!(!request(&mut s, second(1), B, ip(2)), "B cannot release what A has");
    assert_eq!(ask(&mut s, second(1), &release(A)), None);
    assert!(request(&mut s, second(1), B, ip(2)));
    let decline = DhcpRepr { requested_ip: Some(ip(2)), ..message(DhcpMessageType::Decline, B) };
    assert_eq!(ask(&mut s, second(2), &decline), None);
    assert!(!request(&mut s, second(2), B, ip(2)));
    assert_eq!(discover(&mut s, second(2), B, None), Some(ip(4)));
}

#[test]
fn a_full_range_gives_no_offer_until_the_oldest_lease_ends() {
    let mut s = server();
    for (i, last) in [2, 4, 5, 6].into_iter().enumerate() {
        let mac = [2, 0, 0, 0, 1, last];
        assert_eq!(discover(&mut s, second(i as u64), mac, None), Some(ip(last)));
        assert!(request(&mut s, second(i as u64), mac, ip(last)));
    }
    assert_eq!(discover(&mut s, second(10), A, None), None);
    assert_eq!(discover(&mut s, second(3602), A, None), Some(ip(2)), ".2 has been free for longest");
}

#[test]
fn a_flood_of_clients_does_not_grow_the_table_without_limit() {
    let mut s = server();
    s.last = Ipv4Addr::new(192, 168, 255, 254);
    for i in 0..3000u32 {
        let [_, _, c, d] = i.to_be_bytes();
        discover(&mut s, second(0), [2, 9, 9, 9, c, d], None);
        request(&mut s, second(0), [2, 8, 8, 8, c, d], ip(9));
    }
    assert_eq!(s.bindings.len(), BINDING_LIMIT);
    assert_eq!(discover(&mut s, second(61), A, None), Some(ip(2)), "offers that were not taken make room");
}

#[test]
fn messages_for_another_server_from_a_relay_or_malformed_get_no_answer() {
    let mut s = server();
    let other = DhcpRepr {
        server_identifier: Some(ip(200)),
        requested_ip: Some(ip(2)),
        ..message(DhcpMessageType::Request, A)
    };
    assert_eq!(ask(&mut s, second(0), &other), None);
    let relayed = DhcpRepr { relay_agent_ip: ip(9), ..message(DhcpMessageType::Discover, A) };
    assert_eq!(ask(&mut s, second(0), &relayed), None);
    assert_eq!(ask(&mut s, second(0), &message(DhcpMessageType::Discover, [0xff; 6])), None);
    let good = bytes(&message(DhcpMessageType::Discover, A));
    for end in 0..240 {
        assert_eq!(s.answer(second(0), &good[..end]), None, "{end} bytes of a message");
    }
    for i in 0..good.len() {
        for value in [0, 1, 2, 3, 50, 61, 0x7f, 0xff] {
            let mut mutated = good.clone();
            mutated[i] = value;
            s.answer(second(0), &mutated);
        }
    }
}

#[test]
fn a_disturbed_server_answers_as_it_is_told() {
    let leased = || {
        let mut s = server();
        assert_eq!(discover(&mut s, second(0), A, None), Some(ip(2)));
        assert!(request(&mut s, second(0), A, ip(2)));
        s
    };
    let renewal = DhcpRepr { client_ip: ip(2), ..message(DhcpMessageType::Request, A) };
    for (answers, offers, renews) in [
        (DhcpAnswers::Right, true, Some(DhcpMessageType::Ack)),
        (DhcpAnswers::Silence, false, None),
        (DhcpAnswers::NoOffer, false, Some(DhcpMessageType::Ack)),
        (DhcpAnswers::NoAck, true, None),
        (DhcpAnswers::Nak, false, Some(DhcpMessageType::Nak)),
    ] {
        let mut s = leased();
        s.answers = answers;
        assert_eq!(discover(&mut s, second(1), B, None).is_some(), offers, "{answers:?}");
        assert_eq!(ask(&mut s, second(2), &renewal).map(|(kind, _)| kind), renews, "{answers:?}");
        let keeps = answers != DhcpAnswers::Nak;
        assert_eq!(s.leased(second(3), A).is_some(), keeps, "{answers:?}");
    }
}

#[test]
fn the_dns_servers_are_those_of_the_segment() {
    for (dns, named) in [(vec![ip(5), ip(6)], Some(2)), (vec![], None), (vec![ip(5); 4], Some(3))] {
        let mut s = server();
        s.dns = dns;
        let reply = s.answer(second(0), &bytes(&message(DhcpMessageType::Discover, A))).unwrap();
        let packet = DhcpPacket::new_checked(&reply.payload[..]).unwrap();
        let servers = DhcpRepr::parse(&packet).unwrap().dns_servers;
        assert_eq!(servers.map(|list| list.len()), named);
    }
}

#[test]
fn masks_have_as_many_bits_as_they_should() {
    let bits = |prefix_len| Ipv4Addr::from_bits(mask_bits(prefix_len)).octets();
    assert_eq!(bits(0), [0, 0, 0, 0]);
    assert_eq!(bits(8), [255, 0, 0, 0]);
    assert_eq!(bits(30), [255, 255, 255, 252]);
    assert_eq!(bits(32), [255; 4]);
}

#[test]
fn an_expired_address_is_found_although_the_oldest_binding_is_another_clients_by_now() {
    let mut s = server();
    let macs: Vec<Mac> = (0..6).map(|n| [2, 0, 0, 0, 1, n]).collect();
    // Every address is leased: .2, .4, .5 and .6, the first for a short while.
    for (n, mac) in macs[..4].iter().enumerate() {
        let address = discover(&mut s, second(n as u64), *mac, None).expect("an address");
        assert!(request(&mut s, second(n as u64), *mac, address));
    }
    // All are over. The fifth client gets the one that has been free for longest, and the sixth the next.
    let late = second(5_000);
    let fifth = discover(&mut s, late, macs[4], None).expect("an address for the fifth");
    assert!(request(&mut s, late, macs[4], fifth));
    let sixth = discover(&mut s, late, macs[5], None);
    assert!(sixth.is_some_and(|address| address != fifth), "three addresses are free, and it gets {sixth:?}");
    // Who had the address first is told to look for another one, and gets it.
    assert!(!request(&mut s, late, macs[0], fifth), "an address with two owners");
    assert!(discover(&mut s, late, macs[0], None).is_some_and(|address| address != fifth));
}
