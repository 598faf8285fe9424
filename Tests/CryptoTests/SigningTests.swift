import Base
import Foundation
import TestSupport
import Testing
import Wire

@testable import Crypto

@Suite struct SigningTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    struct Vector: Codable, Sendable {
        var name, secret, method, target, body: String
        var timestamp: Int64
        var nonce, canonical_sha256, signature: String

        func request(target: String? = nil, method: String? = nil, body: Bytes? = nil) throws -> SignedRequest
        {
            let parts = Bytes(target ?? self.target).split(
                separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
            return try SignedRequest(
                method: method ?? self.method, path: parts[0], query: parts.count > 1 ? parts[1] : Bytes(),
                bodyHash: SHA256.hash(body ?? Bytes(self.body)), timestamp: timestamp, nonce: nonce)
        }
    }

    /// The block of JSON in the document.
    static let vectors: [Vector] = {
        let text = (try? String(contentsOfFile: root + "/docs/signing.md", encoding: .utf8)) ?? ""
        let block = text.split(separator: "```json\n").last?.split(separator: "```").first ?? ""
        return (try? JSON.decode([Vector].self, from: Bytes(block))) ?? []
    }()

    private func sample() throws -> (Vector, HMACKey) {
        let vector = try #require(Self.vectors.first { $0.target.contains("?") })
        return (vector, HMACKey(try #require(Hex.decode(vector.secret))))
    }

    @Test func `the document has vectors`() { #expect(Self.vectors.count >= 4) }

    @Test(arguments: vectors) func `published vectors come out`(vector: Vector) throws {
        let key = HMACKey(try #require(Hex.decode(vector.secret)))
        let request = try vector.request()
        #expect(Hex.encode(SHA256.hash(request.canonical)) == vector.canonical_sha256)
        #expect(Hex.encode(request.sign(with: key)) == vector.signature)
        try request.verify(
            #require(Hex.decode(vector.signature)), with: key, now: Timestamp(seconds: vector.timestamp))
    }

    @Test func `the Python program agrees`() throws {
        try ChildProcess.run(
            "/usr/bin/python3",
            ["-B", "\(Self.root)/docs/signing.py", "check", "\(Self.root)/docs/signing.md"])
    }

    @Test func `another method, path, query, body, time, nonce or key is refused`() throws {
        let (vector, key) = try sample()
        let now = Timestamp(seconds: vector.timestamp)
        let signature = try vector.request().sign(with: key)
        var later = vector
        later.timestamp += 1
        var again = vector
        again.nonce += "A"
        let others = try [
            vector.request(target: vector.target + "&"), vector.request(target: "/" + vector.target),
            vector.request(target: vector.target.replacingOccurrences(of: "limit=10", with: "limit=11")),
            vector.request(target: vector.target.replacingOccurrences(of: "?", with: "/?")),
            vector.request(method: "POST"), vector.request(body: " "), later.request(), again.request(),
        ]
        for other in others {
            #expect(throws: SignatureError.mismatch) { try other.verify(signature, with: key, now: now) }
        }
        #expect(throws: SignatureError.mismatch) {
            try vector.request().verify(signature, with: HMACKey("other"), now: now)
        }
        for index in 0..<signature.count {
            var altered = signature.array
            altered[index] ^= 1
            #expect(throws: SignatureError.mismatch) {
                try vector.request().verify(Bytes(altered), with: key, now: now)
            }
        }
        #expect(throws: SignatureError.mismatch) {
            try vector.request().verify(signature[0..<31], with: key, now: now)
        }
    }

    @Test(arguments: zip([-301, -300, 0, 300, 301], [false, true, true, true, false]))
    func `a signature holds for five minutes around its time`(offset: Int64, isGood: Bool) throws {
        let (vector, key) = try sample()
        let request = try vector.request()
        let signature = request.sign(with: key)
        let now = Timestamp(seconds: vector.timestamp + offset)
        if isGood {
            try request.verify(signature, with: key, now: now)
        } else {
            #expect(throws: SignatureError.outsideWindow) {
                try request.verify(signature, with: key, now: now)
            }
        }
    }

    @Test(arguments: [Int64.max, 253_402_300_800]) func `a time beyond all calendars is refused`(time: Int64)
        throws
    {
        let request = try SignedRequest(
            method: "GET", path: "/", bodyHash: SHA256.hash(""), timestamp: time, nonce: "nonce-0000000001")
        #expect(throws: SignatureError.malformed) {
            try request.verify("", with: HMACKey("k"), now: Timestamp(seconds: 0))
        }
    }

    @Test(arguments: [
        ("", "/", "", "nonce-0000000001"), ("GE T", "/", "", "nonce-0000000001"),
        ("GET\n", "/", "", "nonce-0000000001"), ("GET", "", "", "nonce-0000000001"),
        ("GET", "a", "", "nonce-0000000001"), ("GET", "/\n/b", "", "nonce-0000000001"),
        ("GET", "/a?b", "", "nonce-0000000001"), ("GET", "/ ", "", "nonce-0000000001"),
        ("GET", "/", "a\nb", "nonce-0000000001"), ("GET", "/", "a\u{7f}", "nonce-0000000001"),
        ("GET", "/", "", "nonce-000000001"), ("GET", "/", "", "nonce-00000000\n1"),
        ("GET", "/", "", String(repeating: "n", count: 65)),
    ])
    func `a part that could pass for another is refused`(
        method: String, path: String, query: String, nonce: String
    ) {
        #expect(throws: SignatureError.malformed) {
            try SignedRequest(
                method: method, path: Bytes(path), query: Bytes(query), bodyHash: SHA256.hash(""),
                timestamp: 1,
                nonce: nonce)
        }
    }

    private static let hex = String(repeating: "0a", count: 32)

    @Test func `the field is read as it is written`() throws {
        let parameters = SignatureParameters(
            keyID: "k_1", timestamp: 1_767_323_045, nonce: "nonce-0000000001",
            signature: try #require(Hex.decode(Self.hex)))
        #expect(try SignatureParameters(Bytes(parameters.text)) == parameters)
        #expect(try SignatureParameters("Bearer x") == nil)
        #expect(
            try SignatureParameters(
                Bytes(
                    "HELIOGRAPH-HMAC-SHA256 signature=\(Self.hex),nonce=nonce-0000000001,timestamp=1767323045,  key=k_1"
                )) == parameters)
    }

    @Test(arguments: [
        "", "key=k", "key=k, timestamp=1, nonce=nonce-0000000001",
        "key=k, key=k, timestamp=1, nonce=nonce-0000000001, signature=\(hex)",
        "key=k, timestamp=01, nonce=nonce-0000000001, signature=\(hex)",
        "key=k, timestamp=-1, nonce=nonce-0000000001, signature=\(hex)",
        "key=k, timestamp=99999999999999999999, nonce=nonce-0000000001, signature=\(hex)",
        "key=, timestamp=1, nonce=nonce-0000000001, signature=\(hex)",
        "key=k.l, timestamp=1, nonce=nonce-0000000001, signature=\(hex)",
        "key=k, timestamp=1, nonce=short, signature=\(hex)",
        "key=k, timestamp=1, nonce=nonce-0000000001, signature=\(hex.uppercased())",
        "key=k, timestamp=1, nonce=nonce-0000000001, signature=00",
        "key=k, timestamp=1, nonce=nonce-0000000001, signature=\(hex), more=1",
        "key=k, timestamp=1, nonce=nonce-0000000001, signature=\(hex),",
        "key=k, timestamp=1, nonce=nonce-0000000001, signature=\(hex)\t",
        "key=k, timestamp=1, nonce=nonce-0000000001, signature=\(hex)" + String(repeating: " ", count: 512),
    ])
    func `a field that is not written so is refused`(rest: String) {
        #expect(throws: SignatureError.malformed) {
            try SignatureParameters(Bytes("HELIOGRAPH-HMAC-SHA256 " + rest))
        }
    }
}
