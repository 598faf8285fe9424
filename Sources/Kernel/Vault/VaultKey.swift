package import Base
import Crypto

/// A key of the vault and its name.
package struct VaultKey: Sendable {
    /// The name, which envelopes carry: a number from 1.
    package let id: UInt32
    /// When it was made, where that is known.
    package let createdAt: Timestamp?
    /// The 32 bytes.
    package let secret: Secret
    let cipher: AESGCM

    /// A key; throws where it does not have 32 bytes or its name is 0.
    package init(id: UInt32, secret: Secret, createdAt: Timestamp? = nil) throws(VaultError) {
        guard id > 0 else {
            throw VaultError(.malformedKeys, "0 is no name of a key: names are numbers from 1")
        }
        do {
            cipher = try AESGCM(key: secret)
        } catch {
            throw VaultError(.malformedKeys, "key \(id) does not have 64 hexadecimal digits")
        }
        self.id = id
        self.secret = secret
        self.createdAt = createdAt
    }

    /// A key that nobody knows.
    package static func random(id: UInt32, createdAt: Timestamp) throws(VaultError) -> VaultKey {
        try VaultKey(id: id, secret: Secret(SecureRandom.bytes(AESGCM.keyBytes)), createdAt: createdAt)
    }

    /// Tells a key from another one without giving it away: 16 hexadecimal digits.
    package var fingerprint: String {
        Hex.encode(HMACKey(secret.reveal()).code(for: "heliograph vault fingerprint")[0..<8])
    }

    /// Reads `ID:HEX`; nothing of the text becomes part of an error, for it may be a key.
    static func parse(_ text: Substring, createdAt: Timestamp? = nil) throws(VaultError) -> VaultKey {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let id = UInt32(parts[0]), "\(id)" == parts[0],
            let secret = Hex.decode(parts[1])
        else {
            throw VaultError(
                .malformedKeys, "a key is written as its number, a colon and 64 hexadecimal digits")
        }
        return try VaultKey(id: id, secret: Secret(secret), createdAt: createdAt)
    }
}
