/// The name under which messages are published and subscribed to.
package struct Channel: Sendable, Hashable, CustomStringConvertible {
    /// The name, without the prefix that a shared server puts before it.
    package let name: String

    /// A channel of the program's own, such as `cache:chats`.
    package init(_ name: String) { self.name = name }

    /// What happens in one chat.
    package static func chat(_ id: some LosslessStringConvertible) -> Channel { Channel("chat:\(id)") }

    /// What happens to one bot.
    package static func bot(_ id: some LosslessStringConvertible) -> Channel { Channel("bot:\(id)") }

    /// What happens to one user account.
    package static func account(_ id: some LosslessStringConvertible) -> Channel { Channel("account:\(id)") }

    /// Every message there is.
    package static let messages = Channel("messages:all")

    /// The name.
    package var description: String { name }
}
