import Base
import Crypto
import Kernel
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct VaultTests {
    static let one = "1:" + String(repeating: "01", count: 32)
    static let two = "2:" + String(repeating: "02", count: 32)
    private let place = Place(table: "bots", row: 7, column: "token")

    private func vault(_ keys: String...) throws -> Vault {
        Vault(try KeyRing(list: Secret(keys.joined(separator: ","))))
    }

    private func code(_ body: () throws(VaultError) -> Void) -> VaultError.Code? {
        do throws(VaultError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: [0, 1, 46, 5000]) func `what was sealed is opened at its place`(count: Int) throws {
        let vault = try vault(Self.one)
        let plain = SecureRandom.bytes(count)
        let envelope = try vault.seal(plain, for: place)
        #expect(envelope.count == count + Vault.overheadBytes)
        #expect(envelope[0..<5] == Bytes([1, 0, 0, 0, 1]))
        #expect(try vault.open(envelope, for: place) == plain)
        #expect(try vault.seal(plain, for: place) != envelope)
    }

    @Test func `an envelope cannot be moved to another row, column or table`() throws {
        let vault = try vault(Self.one)
        let envelope = try vault.seal("secret", for: place)
        let others = [
            Place(table: "bots", row: 8, column: "token"), Place(table: "bots", row: 7, column: "secret"),
            Place(table: "accounts", row: 7, column: "token"),
            Place(table: "bots7", row: "", column: "token"),
            Place(table: "bot", row: "s7", column: "token"), Place(table: "bots", row: "7t", column: "oken"),
        ]
        for other in others {
            #expect(
                code { () throws(VaultError) in _ = try vault.open(envelope, for: other) } == .notAuthentic)
        }
    }

    @Test func `any changed bit and any cut is refused`() throws {
        let vault = try vault(Self.one)
        let envelope = try vault.seal("secret", for: place)
        for bit in 0..<envelope.count * 8 {
            var altered = envelope.array
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            let expected: VaultError.Code = (8..<40).contains(bit) ? .unknownKey : .notAuthentic
            #expect(
                code { () throws(VaultError) in _ = try vault.open(Bytes(altered), for: place) } == expected)
        }
        for count in 0..<envelope.count {
            #expect(
                code { () throws(VaultError) in _ = try vault.open(envelope[0..<count], for: place) }
                    == .notAuthentic)
        }
    }

    @Test func `another key of the same number is refused, and so is the other key of the ring`() throws {
        let envelope = try vault(Self.one).seal("secret", for: place)
        let other = try vault("1:" + String(repeating: "03", count: 32))
        #expect(code { () throws(VaultError) in _ = try other.open(envelope, for: place) } == .notAuthentic)
        var renamed = envelope.array
        renamed[4] = 2
        let both = try vault(Self.one, Self.two)
        #expect(
            code { () throws(VaultError) in _ = try both.open(Bytes(renamed), for: place) } == .notAuthentic)
    }

    @Test func `a secret of more than 16 MiB is refused`() throws {
        let vault = try vault(Self.one)
        let long = Bytes([UInt8](repeating: 0, count: Vault.plainBytesMax + 1))
        #expect(code { () throws(VaultError) in _ = try vault.seal(long, for: place) } == .tooLong)
    }

    @Test func `a new key seals, the old one still opens until it is taken away`() throws {
        let vault = try vault(Self.one)
        let old = try vault.seal("secret", for: place)
        #expect(!vault.needsRotation(old))
        vault.replaceKeys(try KeyRing(list: Secret("\(Self.two),\(Self.one)")))
        #expect(vault.needsRotation(old))
        #expect(try vault.open(old, for: place) == "secret")
        let new = try vault.seal("secret", for: place)
        #expect(!vault.needsRotation(new))
        #expect(Vault.keyID(of: new) == 2)
        vault.replaceKeys(try KeyRing(list: Secret(Self.two)))
        #expect(code { () throws(VaultError) in _ = try vault.open(old, for: place) } == .unknownKey)
        #expect(try vault.open(new, for: place) == "secret")
        #expect(vault.needsRotation("no envelope"))
    }

    @Test(arguments: Backend.allCases)
    func `the age of a key is that of its file, or since it was first seen`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(database, [VaultSchema.migration(1)]).up()
            let clock = ManualClock()
            let start = clock.now
            let records = VaultKeyRecords(database, clocks: clock.clocks)
            let ring = try await records.register(KeyRing(list: Secret(Self.one)))
            #expect(Vault(ring).currentKeyAge(at: clock.now) == .zero)
            clock.advance(by: .seconds(86_400))
            let later = try await records.register(KeyRing(list: Secret("\(Self.two),\(Self.one)")))
            #expect(later.keys.map(\.createdAt) == [clock.now, start])
            clock.advance(by: .seconds(60))
            let again = try await records.register(KeyRing(list: Secret(Self.one)))
            #expect(Vault(again).currentKeyAge(at: clock.now) == .seconds(86_460))
            let made = try VaultKey(id: 3, secret: again.current.secret, createdAt: start - .seconds(9))
            let dated = try await records.register(KeyRing([made]))
            #expect(dated.current.createdAt == start - .seconds(9))
        }
    }

    @Test(arguments: Backend.allCases)
    func `another key under a known number is refused until that is forgotten`(backend: Backend) async throws
    {
        try await withDatabase(backend) { database in
            try await Migrator(database, [VaultSchema.migration(1)]).up()
            let records = VaultKeyRecords(database)
            _ = try await records.register(KeyRing(list: Secret(Self.one)))
            let other = try KeyRing(list: Secret("1:" + String(repeating: "03", count: 32)))
            await #expect { _ = try await records.register(other) } throws: {
                ($0 as? VaultError)?.code == .changedKey
            }
            try await records.forget(1)
            let taken = try await records.register(other)
            #expect(taken.current.fingerprint == other.current.fingerprint)
        }
    }
}
