import Kernel
import Reactor
import Testing

@Suite struct RateAddressTests {
    private func address(_ text: String) throws -> RateAddress {
        RateAddress(try #require(SocketAddress(text)))
    }

    @Test(
        arguments: zip(
            [
                "1.2.3.4:1", "[2001:db8:1:2::1]:80", "[2001:db8:1:2:ffff::9]:9", "[::1]:1",
                "[::ffff:1.2.3.4]:1",
            ]
                + ["unix:/a"],
            [
                "1.2.3.4", "2001:db8:1:2::/64", "2001:db8:1:2::/64", "0:0:0:0::/64", "1.2.3.4", "unix",
            ]))
    func `an address is counted by its network`(text: String, network: String) throws {
        #expect(try address(text).description == network)
    }

    @Test(
        arguments: [
            ("1.2.3.4:1", "1.2.3.4:2"), ("[2001:db8::1]:1", "[2001:db8::2]:1"), ("unix:/a", "unix:/b"),
            ("[::ffff:9.8.7.6]:1", "9.8.7.6:1"),
        ])
    func `what one client can choose freely makes no difference`(one: String, other: String) throws {
        #expect(try address(one) == address(other))
    }

    @Test(
        arguments: [
            ("1.2.3.4:1", "1.2.3.5:1"), ("[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1"),
            ("unix:/a", "[::1]:1"),
            ("0.0.0.1:1", "[::1]:1"),
        ])
    func `different networks are told apart`(one: String, other: String) throws {
        #expect(try address(one) != address(other))
    }
}
