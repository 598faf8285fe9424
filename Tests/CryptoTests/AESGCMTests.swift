import Base
import Testing

@testable import Crypto

@Suite struct AESGCMTests {
    private func bytes(_ hex: String) throws -> Bytes { try #require(Hex.decode(hex)) }
    private func key(_ byte: UInt8 = 7) throws -> AESGCM {
        try AESGCM(key: Secret(Bytes([UInt8](repeating: byte, count: 32))))
    }

    struct Vector: Sendable {
        let key, nonce, plain, associated, cipher, tag: String
    }

    private static let zeros = String(repeating: "0", count: 64)

    // McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16, which NIST refers to.
    @Test(arguments: [
        Vector(
            key: zeros, nonce: "000000000000000000000000", plain: "", associated: "", cipher: "",
            tag: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            key: zeros, nonce: "000000000000000000000000", plain: "00000000000000000000000000000000",
            associated: "", cipher: "cea7403d4d606b6e074ec5d3baf39d18",
            tag: "d0d1c8a799996bf0265b98b5d48ab919"),
        Vector(
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            plain: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            cipher: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            tag: "76fc6ece0f4e1768cddf8853bb2d551b"),
    ])
    func `known messages have their known ciphertexts`(vector: Vector) throws {
        let cipher = try AESGCM(key: Secret(bytes(vector.key)))
        let nonce = try bytes(vector.nonce)
        let associated = try bytes(vector.associated)
        let expected = vector.nonce + vector.cipher + vector.tag
        let sealed = try cipher.seal(bytes(vector.plain), nonce: nonce, header: "", context: associated)
        #expect(Hex.encode(sealed) == expected)
        #expect(try cipher.open(sealed, context: associated) == bytes(vector.plain))
        // Header and context are one text to the cipher.
        let cut = associated.count / 3
        let headed = try cipher.seal(
            bytes(vector.plain), nonce: nonce, header: associated[0..<cut],
            context: associated[cut..<associated.count])
        #expect(Hex.encode(headed) == Hex.encode(associated[0..<cut]) + expected)
    }

    @Test(arguments: [0, 1, 15, 16, 17, 100, 4096])
    func `what was sealed is opened, and never sealed twice alike`(count: Int) throws {
        let cipher = try key()
        let plain = SecureRandom.bytes(count)
        let sealed = try cipher.seal(plain, header: "head", context: "context")
        #expect(sealed.count == 4 + count + AESGCM.overheadBytes)
        #expect(sealed[0..<4] == "head")
        #expect(try cipher.open(sealed, headerBytes: 4, context: "context") == plain)
        #expect(try cipher.seal(plain, header: "head", context: "context") != sealed)
    }

    @Test func `a change of any bit, a cut and another context or key are one error`() throws {
        let cipher = try key()
        let sealed = try cipher.seal("a secret", header: "v1", context: "here")
        for bit in 0..<sealed.count * 8 {
            var altered = sealed.array
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: CipherError.notAuthentic) {
                try cipher.open(Bytes(altered), headerBytes: 2, context: "here")
            }
        }
        for count in 0..<sealed.count {
            #expect(throws: CipherError.notAuthentic) {
                try cipher.open(sealed[0..<count], headerBytes: 2, context: "here")
            }
        }
        #expect(throws: CipherError.notAuthentic) {
            try cipher.open(sealed, headerBytes: 2, context: "there")
        }
        #expect(throws: CipherError.notAuthentic) { try cipher.open(sealed, headerBytes: 1, context: "here") }
        #expect(throws: CipherError.notAuthentic) {
            try cipher.open(sealed, headerBytes: -1, context: "here")
        }
        #expect(throws: CipherError.notAuthentic) {
            try key(8).open(sealed, headerBytes: 2, context: "here")
        }
        #expect(try cipher.open(sealed, headerBytes: 2, context: "here") == "a secret")
    }

    @Test(arguments: [0, 16, 31, 33]) func `a key has 32 bytes`(count: Int) {
        #expect(throws: CipherError.keyLength) {
            try AESGCM(key: Secret(Bytes([UInt8](repeating: 1, count: count))))
        }
    }

    @Test func `many threads use one key`() async throws {
        let cipher = try key()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<16 {
                group.addTask {
                    try (0..<200).allSatisfy { round in
                        let plain = Bytes("\(number) \(round)")
                        return try cipher.open(cipher.seal(plain, context: plain), context: plain) == plain
                    }
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
