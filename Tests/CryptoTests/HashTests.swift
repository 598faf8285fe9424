import Base
import Crypto
import Testing

@Suite struct HashTests {
    private func hex(_ bytes: Bytes) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    // FIPS 180-4 examples.
    @Test func `SHA-256 of known messages`() {
        #expect(hex(SHA256.hash("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex(SHA256.hash("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `a hash by pieces is the hash of the whole`() {
        var hash = SHA256()
        hash.update("a")
        hash.update("")
        hash.update("bc")
        #expect(hash.finish() == SHA256.hash("abc"))
    }

    @Test func `SHA-1 of a known message`() {
        #expect(hex(SHA1.hash("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    }

    // RFC 4231, test cases 1, 2 and 6; and an empty key, by Python's hmac.
    @Test(arguments: [
        (
            Bytes([UInt8](repeating: 0x0b, count: 20)), "Hi There" as Bytes,
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "Jefe", "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            Bytes([UInt8](repeating: 0xaa, count: 131)),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        ("", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func `HMAC-SHA256 of known messages`(key: Bytes, message: Bytes, expected: String) {
        let key = HMACKey(key)
        #expect(hex(key.code(for: message)) == expected)
        #expect(
            key.code(for: message.prefix(3).copied(), Bytes(message.dropFirst(3).array))
                == key.code(for: message))
        #expect(key.verifies(key.code(for: message), for: message))
        #expect(!key.verifies(SHA256.hash(message), for: message))
    }

    @Test func `equal secrets are equal and others are not`() {
        #expect(ConstantTime.equal("", "") && ConstantTime.equal("abc", "abc"))
        #expect(!ConstantTime.equal("abc", "abd") && !ConstantTime.equal("abc", "ab"))
    }

    @Test func `random bytes have the length asked for and do not repeat`() {
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(32).count == 32)
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
    }
}
