import Base
import Testing

@testable import Crypto

@Suite struct PasswordTests {
    /// The least that the function can do, so that tests are quick.
    static let least = Argon2Cost(memoryKiB: 8, passes: 1, lanes: 1)
    private func hasher() throws -> PasswordHasher { PasswordHasher(cost: try #require(Self.least)) }

    // RFC 9106, 5.3.
    @Test func `argon2id of the RFC's inputs`() throws {
        func repeated(_ byte: UInt8, _ count: Int) -> Bytes { Bytes([UInt8](repeating: byte, count: count)) }
        let hash = try Argon2Hash.compute(
            repeated(1, 32), cost: #require(Argon2Cost(memoryKiB: 32, passes: 3, lanes: 4)),
            salt: repeated(2, 16), hashBytes: 32, key: repeated(3, 8), associated: repeated(4, 12))
        #expect(
            Hex.encode(hash.hash) == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
    }

    // Of the reference implementation's own tests.
    @Test(arguments: [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    ])
    func `strings of the reference implementation are verified`(text: String) throws {
        #expect(try hasher().verify(Secret("password"), against: text))
        #expect(try !hasher().verify(Secret("passwore"), against: text))
        #expect(try Argon2Hash(text).text == text)
    }

    @Test(arguments: ["", "p", "пароль", "with\0zero", String(repeating: "x", count: 1024)])
    func `a password matches its own hash alone`(password: String) throws {
        let hasher = try hasher()
        let stored = try hasher.hash(Secret(password))
        #expect(stored.hasPrefix("$argon2id$v=19$m=8,t=1,p=1$"))
        #expect(try hasher.verify(Secret(password), against: stored))
        #expect(try !hasher.verify(Secret(String((password + "!").suffix(1024))), against: stored))
        #expect(try hasher.hash(Secret(password)) != stored)
        #expect(!hasher.needsRehash(stored))
    }

    @Test func `a hash with any other byte does not match`() throws {
        let hasher = try hasher()
        let stored = try Argon2Hash(hasher.hash(Secret("password")))
        for index in 0..<stored.hash.count {
            var altered = stored.hash.array
            altered[index] ^= 1
            let text = Argon2Hash(cost: stored.cost, salt: stored.salt, hash: Bytes(altered)).text
            #expect(try !hasher.verify(Secret("password"), against: text))
        }
    }

    @Test func `a password of more than 1024 bytes is refused everywhere`() throws {
        let long = Secret(String(repeating: "x", count: 1025))
        let hasher = try hasher()
        let stored = try hasher.hash(Secret("x"))
        #expect(throws: PasswordError.tooLong(bytesMax: 1024)) { try hasher.hash(long) }
        #expect(throws: PasswordError.tooLong(bytesMax: 1024)) { try hasher.verify(long, against: stored) }
        #expect(throws: PasswordError.tooLong(bytesMax: 1024)) { try hasher.decline(long) }
    }

    @Test(arguments: [
        "m=4294967295,t=1,p=1", "m=262145,t=1,p=1", "m=65536,t=17,p=1", "m=262144,t=5,p=1", "m=65536,t=3,p=9",
        "m=8,t=4294967295,p=1", "m=7,t=1,p=1", "m=15,t=1,p=2", "m=8,t=0,p=1", "m=8,t=1,p=0",
        "m=8,t=1,p=16777215",
    ])
    func `a stored hash beyond the bounds is refused and not run`(cost: String) throws {
        let text = "$argon2id$v=19$\(cost)$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
        let time = ContinuousClock().measure {
            #expect(throws: PasswordError.tooCostly) { try hasher().verify(Secret("x"), against: text) }
        }
        #expect(time < .seconds(5))
    }

    private static let tail = "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
    @Test(arguments: [
        "", "$", "$argon2id$", "argon2id$v=19$m=8,t=1,p=1" + tail, "$argon2i$v=19$m=8,t=1,p=1" + tail,
        "$argon2d$v=19$m=8,t=1,p=1" + tail, "$argon2id$v=16$m=8,t=1,p=1" + tail,
        "$argon2id$m=8,t=1,p=1" + tail,
        "$argon2id$v=19$m=08,t=1,p=1" + tail, "$argon2id$v=19$m=+8,t=1,p=1" + tail,
        "$argon2id$v=19$m=-8,t=1,p=1" + tail, "$argon2id$v=19$m=8 ,t=1,p=1" + tail,
        "$argon2id$v=19$m=٨,t=1,p=1" + tail, "$argon2id$v=19$t=1,m=8,p=1" + tail,
        "$argon2id$v=19$m=8,t=1,p=1,x=1" + tail, "$argon2id$v=19$m=8,t=1" + tail,
        "$argon2id$v=19$m=8,t=1,p=1" + tail + "=", "$argon2id$v=19$m=8,t=1,p=1" + tail + "$",
        "$argon2id$v=19$m=8,t=1,p=1" + tail + "\n", "$argon2id$v=19$m=99999999999,t=1,p=1" + tail,
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=8,t=1,p=1$$", "$1$salt$hash",
        "password",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHR$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=8,t=1,p=1$" + String(repeating: "A", count: 300),
    ])
    func `what is no such string is refused`(text: String) throws {
        #expect(throws: PasswordError.malformedHash) { try hasher().verify(Secret("x"), against: text) }
        #expect(try hasher().needsRehash(text))
    }

    // Openwall's crypt_blowfish, wrapper.c.
    @Test(arguments: [
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        (
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"
        ),
    ])
    func `bcrypt's known hashes are verified, under each of their names`(password: String, text: String)
        throws
    {
        for name in ["$2a$", "$2b$", "$2y$"] {
            let text = name + text.dropFirst(4)
            #expect(try hasher().verify(Secret(password), against: text))
            #expect(try !hasher().verify(Secret(password.dropLast() + "?"), against: text))
            #expect(try hasher().needsRehash(text))
        }
    }

    @Test func `bcrypt of bytes that are no text`() throws {
        let text = "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"
        #expect(try hasher().verify(Secret(Bytes([0xff, 0xff, 0xa3])), against: text))
    }

    @Test func `passwords that bcrypt would cut are refused`() throws {
        let text = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
        #expect(throws: PasswordError.tooLong(bytesMax: 72)) {
            try hasher().verify(Secret(String(repeating: "x", count: 73)), against: text)
        }
        #expect(throws: PasswordError.unsuitable) { try hasher().verify(Secret("U*U\0"), against: text) }
    }

    @Test(arguments: [
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
        "$2a$32$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCCCE5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeX",
        "$2a$05$CCCCCCCCCC:CCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO\0W",
    ])
    func `what is no hash of bcrypt is refused`(text: String) throws {
        #expect(throws: PasswordError.malformedHash) { try hasher().verify(Secret("U*U"), against: text) }
    }

    @Test(arguments: [15, 20, 31]) func `bcrypt at too high a cost is refused and not run`(cost: Int) throws {
        let text = "$2a$\(cost)$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
        #expect(throws: PasswordError.tooCostly) { try hasher().verify(Secret("U*U"), against: text) }
    }

    @Test func `a hash that is cheaper than new ones should be replaced`() throws {
        let dear = PasswordHasher(cost: try #require(Argon2Cost(memoryKiB: 16, passes: 2, lanes: 1)))
        let stored = try hasher().hash(Secret("x"))
        #expect(dear.needsRehash(stored))
        #expect(try dear.verify(Secret("x"), against: stored))
        #expect(try !hasher().needsRehash(dear.hash(Secret("x"))))
        try dear.decline(Secret("x"))
    }
}
