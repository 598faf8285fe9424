/// Why something cannot be done in the world.
package enum WorldError: Error, Sendable, Equatable {
    case chatNotFound
    case userNotFound
    case messageNotFound
    case blocked
    case deactivated
    case neverStarted
    case kicked(Chat.Kind)
    case notMember(Chat.Kind)
    case migrated(Int64)
    case notModified
    case cannotEdit
    case cannotDelete
    case noRights
    case pollClosed
    case noSuchButton
    case filesFull
    case fileNotFound
    case tooMany(String)
    case invalid(String)
}
