package import Base
package import Wire

/// Somebody who may sign in.
package struct User: Sendable, Equatable {
    /// Its number, never given to anybody else.
    package let id: Int64
    /// The name to sign in with, in lower case.
    package let username: String
    /// The name for people.
    package var displayName: String
    /// The names of its roles, in order.
    package var roles: [String]
    /// Whether it may not sign in any more.
    package var isDisabled: Bool
    /// Whether there is a password to sign in with.
    package var hasPassword: Bool
    /// When it was made.
    package let createdAt: Timestamp
    /// When it last signed in.
    package var lastLoginAt: Timestamp?

    /// Whether it can let others in.
    var isAdmin: Bool { !isDisabled && roles.contains(Role.admin.name) }

    /// The form of a name, lower case so that `Ada` and `ada` are one; nil where it is none.
    static func username(_ text: String) -> String? {
        let name = text.lowercased()
        guard (2...64).contains(name.utf8.count), let first = name.utf8.first, isWord(first),
            name.utf8.allSatisfy({ isWord($0) || $0 == 0x2d || $0 == 0x2e || $0 == 0x40 || $0 == 0x2b })
        else { return nil }
        return name
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5f
    }
}

extension User: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", "\(id)")
            $0.field("username", username)
            $0.field("displayName", displayName)
            $0.field("roles", roles)
            $0.field("isDisabled", isDisabled)
            $0.field("hasPassword", hasPassword)
            $0.field("createdAt", createdAt.rfc3339)
            $0.field("lastLoginAt", lastLoginAt?.rfc3339)
        }
    }
}
