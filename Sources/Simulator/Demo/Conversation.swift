/// What people of the demonstration say.
enum Conversation {
    /// The lines of a kind of chat: which of its people speaks, and the words.
    static func lines(of kind: Chat.Kind) -> [(speaker: Int, text: String)] {
        switch kind {
        case .private: desk
        case .group: garden
        case .supergroup: runners
        case .channel: bulletin
        }
    }

    /// The same line, said again on another day.
    static func varied(_ text: String, round: Int) -> String {
        text.hasPrefix("/") ? text : "\(text) #day\(round + 1)"
    }

    private static let desk: [(Int, String)] = [
        (0, "Hello, is the ferry at 18:10 running today?"), (0, "/timetable"),
        (0, "And can I take a bicycle on board?"), (0, "Thank you! Two tickets then, please."),
        (0, "I have left a green umbrella on the morning boat. Has it been found?"),
        (0, "/lostfound umbrella"),
        (0, "What does a ticket for a month cost?"), (0, "Is the quay reachable with a pram?"),
        (0, "/help"), (0, "Never mind, I found it on https://example.org/ferries"),
    ]

    private static let garden: [(Int, String)] = [
        (0, "Who has the key to the shed?"), (1, "Me, it hangs under the watering can again in an hour."),
        (2, "The beans are up!"), (0, "All of them? Mine are still sulking."),
        (1, "Water turns off on Thursday from 9 to 12."), (2, "Thanks for telling, I will fill the barrel."),
        (0, "Does anybody need rhubarb? I have far too much."), (1, "Two kilos, gladly."),
        (2, "The fence on the north side needs a new post."), (0, "Saturday at ten? I bring the spade."),
        (1, "/remind Saturday 10:00 fence"), (2, "I bring coffee."),
    ]

    private static let runners: [(Int, String)] = [
        (0, "Eight kilometres along the mole tomorrow at seven, who comes?"), (1, "Me."),
        (2, "If it does not rain."),
        (3, "It will not rain :)"), (4, "Slow group for me, my knee complains."),
        (0, "Then two groups, meeting at the lighthouse."), (1, "@esther_l will you bring the stopwatch?"),
        (2, "Yes, and the whistle."), (3, "Results of Sunday: https://example.org/results"),
        (4, "A minute better than last year! 🎉"), (0, "/route mole 8km"),
        (1, "The stairs at the fish market are closed until Friday."), (2, "Then we go round by the mill."),
        (3, "Welcome to everybody who is new here. Say hello!"), (4, "Hello from Grace 👋"),
    ]

    private static let bulletin: [(Int, String)] = [
        (0, "Market on the square: from Monday on it opens at seven."),
        (
            0,
            "The library shows pictures of the old harbour until the end of the month. Entry is free. #culture"
        ),
        (0, "Roadworks in Mill Lane: bus 4 stops at the church."),
        (0, "The swimming bath opens on 1 May. Season tickets: https://example.org/bath"),
        (0, "Concert in the granary on Friday, eight o'clock. #culture"),
        (0, "Lost: a grey cat with one white paw, near the north gate."),
        (0, "Found: the grey cat. Thanks to everybody!"),
        (0, "The council meets on Wednesday; the agenda hangs at the town hall."),
    ]
}
