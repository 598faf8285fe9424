import Bus

/// Tells other nodes that the log has grown: a hint each to the channels of the chats and sources, and one to all.
struct LogHints: Sendable {
    private let bus: (any Bus)?

    init(_ bus: (any Bus)?) { self.bus = bus }

    /// Hints at what has been committed; one message a channel, however many events it is about.
    ///
    /// The message is the last position that concerns the channel, as text.
    func publish(_ events: [Event]) {
        guard let bus, let last = events.last else { return }
        var channels: [Channel: Position] = [.messages: last.position]
        for event in events {
            if let chat = event.content.chat { channels[.chat(chat)] = event.position }
            channels[Channel(event.content.source.text)] = event.position
        }
        for (channel, position) in channels { bus.publish(Array("\(position)".utf8), to: channel) }
    }

    /// Calls `look` whenever another node may have appended, until its task is cancelled.
    func follow(_ look: @Sendable () -> Void) async {
        guard let bus else { return }
        // A gap is a hint like any other: look at the log.
        for await _ in await bus.subscribe(to: .messages) { look() }
    }
}
