import Base
import Testing

@Suite struct SettingKindTests {
    @Test(
        arguments: zip(
            ["10s", "1m30s", "250ms", "0", "0s", "1h", "2d3h", "1500us", "1d1h1m1s1ms1us"],
            [
                Duration.seconds(10), .seconds(90), .milliseconds(250), .zero, .zero, .seconds(3600),
                .seconds(183_600),
                .microseconds(1500), .seconds(90_061) + .microseconds(1001),
            ]))
    func `a time span is written with units`(text: String, span: Duration) {
        #expect(Duration(text: text) == span)
        #expect(Duration(text: span.text) == span)
    }

    @Test(arguments: [
        "", "10", "s", "-1s", "+1s", "1 s", "1s1m", "1s1s", "1.5s", "1S", "1sec", "9999999999999d", "1é",
    ])
    func `what is no time span is refused`(text: String) { #expect(Duration(text: text) == nil) }

    @Test(
        arguments: zip(
            ["0", "65536", "64KiB", "64kib", "1MB", "16MiB", "2GiB", "3gb", "7B"],
            [0, 65_536, 65_536, 65_536, 1_000_000, 16 << 20, 2 << 30, 3_000_000_000, 7]))
    func `a size is written with units`(text: String, size: Int) {
        #expect(ByteSize.parse(text) == size)
        #expect(ByteSize.parse(ByteSize.text(size)) == size)
    }

    @Test(arguments: [
        "", "KiB", "-1", "+1", "1.5MB", "1 KiB", "1TB", "1K", "99999999999999999999", "9999999999GiB", "٣",
    ])
    func `what is no size is refused`(text: String) { #expect(ByteSize.parse(text) == nil) }

    @Test(arguments: [
        "127.0.0.1:8080", "0.0.0.0:0", "[::]:65535", "[2001:db8::1]:80", "localhost:1",
        "unix:/run/heliograph.sock",
    ])
    func `an address to listen on goes both ways`(text: String) {
        #expect(ListenAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", ":8080", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
        "127.0.0.1:000080", "::1:80", "[::1]", "[127.0.0.1]:80", "example.org:80", "256.0.0.1:80", "127.1:80",
        "unix:", "unix:relative", "unix:/\(String(repeating: "a", count: 107))", "1.1.1.1\u{0}:80",
    ])
    func `what is no address to listen on is refused`(text: String) { #expect(ListenAddress(text) == nil) }

    @Test func `it is known who can reach an address`() {
        #expect(ListenAddress("127.0.0.9:1")?.isLocal == true)
        #expect(ListenAddress("unix:/a")?.isLocal == true)
        #expect(ListenAddress("0.0.0.0:1")?.isLocal == false)
        #expect(ListenAddress("[::]:1")?.isLocal == false)
    }

    @Test(
        arguments: zip(
            [
                "https://example.org", "http://Example.org:8080/", "https://example.org:443/a/b/",
                "http://[::1]:81",
                "http://127.0.0.1", "https://a-b.c1/x~y%20",
            ],
            [
                "https://example.org", "http://example.org:8080", "https://example.org/a/b",
                "http://[::1]:81",
                "http://127.0.0.1", "https://a-b.c1/x~y%20",
            ]))
    func `a web address is brought to its normal form`(text: String, normal: String) {
        #expect(WebAddress(text)?.description == normal)
    }

    @Test(arguments: [
        "", "example.org", "ftp://example.org", "https://", "https:///a", "https://a:0", "https://a:65536",
        "https://a:",
        "https://u@a", "https://a/?q", "https://a/#f", "https://a b", "https://-a", "https://a..b",
        "https://[::g]",
        "https://a/\"", "https://a/\n", "https://é.org",
    ])
    func `what is no plain web address is refused`(text: String) { #expect(WebAddress(text) == nil) }
}
