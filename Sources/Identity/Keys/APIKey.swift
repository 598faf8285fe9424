package import Base
import Kernel
package import Wire

/// A key by which a program acts for the user that made it, within narrower bounds.
package struct APIKey: Sendable, Equatable {
    /// What stands between `hg_` and the secret.
    package let id: String
    /// The user for whom it acts.
    let userID: Int64
    /// What people call it.
    var name: String
    /// What it may do of what its user may; nil for all of that.
    var scopes: Set<Permission>?
    /// The chats, bots and accounts that it is bound to; nil for no such bound.
    var targets: [GrantTarget]?
    /// Whether it reaches the chats that its user reaches; else those alone that were granted to the key itself.
    var inheritsChats: Bool
    /// From where it may be used; nil for everywhere.
    var addresses: [AddressRange]?
    let createdAt: Timestamp
    var expiresAt: Timestamp?
    var usedAt: Timestamp?
    var revokedAt: Timestamp?
    /// Whether requests may be signed with it.
    var canSign: Bool

    func isGood(at now: Timestamp) -> Bool { revokedAt == nil && expiresAt.map { now < $0 } ?? true }

    /// Its name in the audit log, in grants and in changes.
    var subject: String { "key:\(id)" }
}

extension APIKey: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            $0.field("userId", "\(userID)")
            $0.field("name", name)
            $0.field("scopes", scopes.map { $0.map(\.rawValue).sorted() } ?? ["*"])
            $0.field("targets", targets?.map(\.text))
            $0.field("inheritsChats", inheritsChats)
            $0.field("addresses", addresses?.map(\.text))
            $0.field("createdAt", createdAt.rfc3339)
            $0.field("expiresAt", expiresAt?.rfc3339)
            $0.field("lastUsedAt", usedAt?.rfc3339)
            $0.field("revokedAt", revokedAt?.rfc3339)
            $0.field("canSign", canSign)
        }
    }
}

/// The text of a key as its holder has it: `hg_<id>_<secret>`.
package struct APIKeyText: Sendable {
    /// What stands between the prefix and the secret.
    package let id: String
    let secret: Secret

    static let prefix = "hg_"
    static let idCount = 16
    static let secretBytes = 32
    /// 43 characters of base64url are 32 bytes.
    static let secretCount = 43
    static let bytesMax = prefix.utf8.count + idCount + 1 + secretCount

    /// Reads the text; nil where it is none.
    package init?(_ text: Bytes) {
        guard text.count == Self.bytesMax, text.starts(with: Self.prefix.utf8),
            text[Self.prefix.utf8.count + Self.idCount] == UInt8(ascii: "_"),
            let id = text.part(Self.prefix.utf8.count, Self.idCount).text, Self.isID(id)
        else { return nil }
        self.id = id
        secret = Secret(text.part(text.count - Self.secretCount, Self.secretCount))
    }

    static func isID(_ text: String) -> Bool {
        text.utf8.count == idCount
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
    }
}
