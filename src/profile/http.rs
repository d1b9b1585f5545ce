//! Facts of a release's HTTP client.

/// What a release's HTTP client does.
#[derive(Clone, Copy, Debug)]
pub struct Http {
    /// Buffers for sending and receiving of AT+HTTPCGET and AT+HTTPGETSIZE where they give no size, bytes.
    pub buffer: usize,
    /// The same of AT+HTTPCLIENT, AT+HTTPCPOST and AT+HTTPCPUT, which take no size.
    pub client_buffer: usize,
    /// An answer that points elsewhere is an error. No release follows it.
    pub redirect_fails: bool,
    /// The status of an answer is in the error code of every command (since v4.1), not only in that of AT+HTTPCLIENT.
    pub code_everywhere: bool,
    /// A request without a body says `Content-Length: 0` (before v4.1).
    pub says_no_length: bool,
    /// `Content-Type` of AT+HTTPCPOST and AT+HTTPCPUT.
    pub post_type: &'static str,
    /// That of AT+HTTPCPOST stays whatever the command says (a mistake of v2.2).
    pub post_type_fixed: bool,
    /// A blank before each header that AT+HTTPCLIENT prints, which is not counted (v2.2).
    pub blank_before_header: bool,
    /// AT+HTTPCHEAD keeps one header of a name (since v4.1); before, it lists all of them and sends the last.
    pub one_of_a_name: bool,
}

impl Http {
    /// The development version that the specification belongs to.
    pub(super) const V2_3: Http = Http {
        buffer: 2048,
        client_buffer: 512,
        redirect_fails: true,
        code_everywhere: false,
        says_no_length: true,
        post_type: "text/xml",
        post_type_fixed: false,
        blank_before_header: false,
        one_of_a_name: false,
    };

    /// The ESP8266's v2.2, where it is compiled in.
    pub(super) const ESP8266_V2_2: Http =
        Http { buffer: 512, post_type_fixed: true, blank_before_header: true, ..Http::V2_3 };

    /// The ESP8266's v2.3, where it is compiled in.
    pub(super) const ESP8266_V2_3: Http = Http { buffer: 512, ..Http::V2_3 };

    /// v3.3 and v3.4.
    pub(super) const V3_3: Http = Http {
        client_buffer: 2048,
        redirect_fails: false,
        post_type: "application/x-www-form-urlencoded",
        ..Http::V2_3
    };

    /// v4.1.
    pub(super) const V4_1: Http =
        Http { code_everywhere: true, says_no_length: false, one_of_a_name: true, ..Http::V3_3 };
}
