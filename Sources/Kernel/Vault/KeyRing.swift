package import Base

/// The keys of the vault: the one that seals, and those that still open what was sealed before.
package struct KeyRing: Sendable {
    /// The key that seals.
    package let current: VaultKey
    /// All keys, the current one first.
    package let keys: [VaultKey]

    /// The most keys at once.
    package static let keysMax = 64
    /// The name of the key that `ENCRYPTION_KEY` gives.
    package static let singleID: UInt32 = 1

    /// Those keys, of which the first seals; throws where there are none, too many, or two of one name.
    package init(_ keys: [VaultKey]) throws(VaultError) {
        guard let current = keys.first else { throw VaultError(.malformedKeys, "there is no key") }
        guard keys.count <= Self.keysMax else {
            throw VaultError(.malformedKeys, "there are more than \(Self.keysMax) keys")
        }
        guard Set(keys.map(\.id)).count == keys.count else {
            throw VaultError(.malformedKeys, "two keys have the same number")
        }
        self.current = current
        self.keys = keys
    }

    /// One key, named 1, in 64 hexadecimal digits: what `ENCRYPTION_KEY` holds.
    package init(single text: Secret) throws(VaultError) {
        guard let secret = Hex.decode(text.reveal()) else {
            throw VaultError(.malformedKeys, "the encryption key must have 64 hexadecimal digits")
        }
        try self.init([VaultKey(id: Self.singleID, secret: Secret(secret))])
    }

    /// Keys with their names, the current one first, parted by commas: what `ENCRYPTION_KEYS` holds.
    package init(list text: Secret) throws(VaultError) {
        guard let list = text.reveal().text else { throw VaultError(.malformedKeys, "the keys are no text") }
        var keys: [VaultKey] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            keys.append(try VaultKey.parse(part.trimmed))
        }
        try self.init(keys)
    }

    /// The key of a name.
    package func key(_ id: UInt32) -> VaultKey? { keys.first { $0.id == id } }

    /// The ring with a new key that seals from now on.
    package func adding(at now: Timestamp) throws(VaultError) -> KeyRing {
        let newest = keys.map(\.id).max() ?? 0
        guard newest < .max else { throw VaultError(.malformedKeys, "there is no number left for a key") }
        return try KeyRing([VaultKey.random(id: newest + 1, createdAt: now)] + keys)
    }

    /// The ring with a new key that only opens, until it is promoted; its number is also higher than `floor`.
    package func introducing(at now: Timestamp, above floor: UInt32) throws(VaultError) -> KeyRing {
        let newest = max(keys.map(\.id).max() ?? 0, floor)
        guard newest < .max else { throw VaultError(.malformedKeys, "there is no number left for a key") }
        let key = try VaultKey.random(id: newest + 1, createdAt: now)
        return try KeyRing([current, key] + keys.dropFirst())
    }

    /// The ring in which another of its keys seals.
    package func promoting(_ id: UInt32) throws(VaultError) -> KeyRing {
        guard let key = key(id) else { throw VaultError(.unknownKey, "there is no key \(id)") }
        return try KeyRing([key] + keys.filter { $0.id != id })
    }

    /// A key that was introduced and not promoted: newer than the current one by number and by time.
    package var introduced: VaultKey? {
        guard let begin = current.createdAt else { return nil }
        return keys.dropFirst().filter { key in
            key.id > current.id && key.createdAt.map { $0 > begin } ?? false
        }.max { $0.id < $1.id }
    }

    /// The ring without a key, which must not be the current one.
    package func removing(_ id: UInt32) throws(VaultError) -> KeyRing {
        guard id != current.id else {
            throw VaultError(.malformedKeys, "key \(id) is the current one and cannot be removed")
        }
        return try KeyRing(keys.filter { $0.id != id })
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}
