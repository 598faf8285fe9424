import Reactor
import Testing

@testable import HTTPClient

@Suite struct AddressGuardTests {
    @Test(arguments: [
        "8.8.8.8:1", "149.154.167.51:443", "172.32.0.1:1", "[2606:4700::1]:1", "[2001:4860:4860::8888]:1",
    ])
    func `addresses of the internet are let through`(text: String) throws {
        #expect(AddressGuard.isPublic(try #require(SocketAddress(text))))
    }

    @Test(
        arguments: [
            "0.0.0.0:1", "10.1.2.3:1", "100.64.0.1:1", "127.0.0.1:1", "127.255.0.1:1", "169.254.169.254:80",
            "172.16.0.1:1", "172.31.255.255:1", "192.0.0.8:1", "192.0.2.1:1", "192.168.1.1:1", "198.18.0.1:1",
            "198.51.100.1:1", "203.0.113.1:1", "224.0.0.1:1", "240.0.0.1:1", "255.255.255.255:1", "[::]:1",
            "[::1]:1", "[fe80::1]:1", "[fc00::1]:1", "[fd12::1]:1", "[ff02::1]:1", "[2001:db8::1]:1",
            "[::ffff:127.0.0.1]:1", "[::ffff:10.0.0.1]:1", "[64:ff9b::7f00:1]:1", "[2002:7f00:1::]:1",
            "unix:/tmp/x",
        ]) func `addresses of our own networks are not`(text: String) throws
    {
        #expect(!AddressGuard.isPublic(try #require(SocketAddress(text))))
    }
}
