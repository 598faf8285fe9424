package import Base
import Crypto
import Synchronization

/// Keeps secrets in the database unreadable without the keys, and bound to where they stand.
///
/// An envelope is a version byte, the key's number (four bytes, the highest first), a nonce of 12 bytes, the
/// ciphertext and a tag of 16 bytes. Version, number and place are authenticated.
package final class Vault: Sendable {
    private let ring: Mutex<KeyRing>
    private let search = Mutex(Search())

    /// Where keys are looked for that are not there.
    private struct Search: Sendable {
        var read: (@Sendable () -> [VaultKey])?
        var last: Moment?
    }

    /// An envelope that nobody can open must not have the keys read for each attempt.
    private static let searchPause = Duration.seconds(1)

    /// What sealing adds to a secret.
    package static let overheadBytes = headerBytes + AESGCM.overheadBytes
    /// The longest secret.
    package static let plainBytesMax = 16 << 20
    private static let version: UInt8 = 1
    private static let headerBytes = 5

    /// A vault with those keys.
    package init(_ ring: KeyRing) { self.ring = Mutex(ring) }

    /// The keys as they are now.
    package var keys: KeyRing { ring.withLock { $0 } }

    /// Takes other keys; who is sealing or opening meanwhile finishes with the old ones.
    ///
    /// Give every node the new key before one of them seals with it: first in second place, then in first.
    package func replaceKeys(_ keys: KeyRing) { ring.withLock { $0 = keys } }

    /// Has keys looked for where an envelope names one that is not there: at most once a second, on the thread that opens.
    ///
    /// What is found only opens; which key seals, `replaceKeys` alone decides.
    package func lookForKeys(_ read: @escaping @Sendable () -> [VaultKey]) {
        search.withLock { $0.read = read }
    }

    /// How old the current key is, where that is known.
    package func currentKeyAge(at now: Timestamp) -> Duration? { keys.current.createdAt.map { now - $0 } }

    /// Encrypts a secret for one place.
    package func seal(_ plain: Bytes, for place: Place) throws(VaultError) -> Bytes {
        guard plain.count <= Self.plainBytesMax else {
            throw VaultError(.tooLong, "a secret has more than \(Self.plainBytesMax) bytes")
        }
        let key = keys.current
        var header = [UInt8](repeating: Self.version, count: Self.headerBytes)
        for index in 0..<4 {
            header[1 + index] = UInt8(truncatingIfNeeded: key.id >> (24 - 8 * UInt32(index)))
        }
        do {
            return try key.cipher.seal(plain, header: Bytes(header), context: place.context)
        } catch {
            throw VaultError(.tooLong, "the secret or the name of its place is too long")
        }
    }

    /// Decrypts what was sealed for that place.
    package func open(_ envelope: Bytes, for place: Place) throws(VaultError) -> Bytes {
        guard let id = Self.keyID(of: envelope) else {
            throw VaultError(.notAuthentic, "\(place) does not hold what was sealed for it")
        }
        guard let key = keys.key(id) ?? searched(id) else {
            throw VaultError(.unknownKey, "\(place) was sealed with key \(id), which is not there")
        }
        do {
            return try key.cipher.open(envelope, headerBytes: Self.headerBytes, context: place.context)
        } catch {
            throw VaultError(.notAuthentic, "\(place) does not hold what was sealed for it")
        }
    }

    /// A key that came in only just, with which somebody has sealed already.
    private func searched(_ id: UInt32) -> VaultKey? {
        let now = Clocks.system.moment
        let read = search.withLock { search in
            if let last = search.last, now - last < Self.searchPause {
                return nil as (@Sendable () -> [VaultKey])?
            }
            search.last = now
            return search.read
        }
        guard let key = read?().first(where: { $0.id == id }) else { return nil }
        ring.withLock { ring in
            guard ring.key(id) == nil else { return }
            // A ring that is full stays as it is; the key opens this once.
            ring = (try? KeyRing(ring.keys + [key])) ?? ring
        }
        return key
    }

    /// Whether something should be sealed anew: with the current key, in the current form.
    package func needsRotation(_ envelope: Bytes) -> Bool { Self.keyID(of: envelope) != keys.current.id }

    /// The number of the key that an envelope names; nil where it is no envelope.
    package static func keyID(of envelope: Bytes) -> UInt32? {
        guard envelope.count >= overheadBytes, envelope[0] == version else { return nil }
        return envelope[1..<headerBytes].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Where a secret stands; it can be opened nowhere else.
package struct Place: Sendable, Hashable, CustomStringConvertible {
    /// The table.
    package let table: String
    /// The row, by its primary key.
    package let row: String
    /// The column.
    package let column: String

    /// A place in a table whose key is a text.
    package init(table: String, row: String, column: String) {
        self.table = table
        self.row = row
        self.column = column
    }

    /// A place in a table whose key is a number.
    package init(table: String, row: Int64, column: String) {
        self.init(table: table, row: "\(row)", column: column)
    }

    /// `table.column of row`.
    package var description: String { "\(table).\(column) of \(row)" }

    /// Each name behind its length, so that no two places have the same bytes.
    var context: Bytes {
        var bytes: [UInt8] = []
        for name in [table, row, column] {
            let text = Array(name.utf8)
            for shift in [24, 16, 8, 0] as [UInt64] {
                bytes.append(UInt8(truncatingIfNeeded: UInt64(text.count) >> shift))
            }
            bytes.append(contentsOf: text)
        }
        return Bytes(bytes)
    }
}
