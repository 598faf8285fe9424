package import Base
internal import Wire

/// For whom the commands of a bot are.
package struct CommandAudience: Sendable {
    private let scope: Bytes?
    private let languageCode: String?

    /// The commands of Telegram's `BotCommandScope`, or everybody's; and of a language of two letters, or of all without their own.
    package init(scope: Bytes? = nil, languageCode: String? = nil) {
        self.scope = scope
        self.languageCode = languageCode
    }

    fileprivate func add(to parameters: inout BotParameters) {
        parameters.add("scope", json: scope)
        parameters.add("language_code", languageCode)
    }

    fileprivate func check() throws(BotRequestError) {
        guard let languageCode, !languageCode.isEmpty else { return }
        guard languageCode.utf8.count == 2, languageCode.utf8.allSatisfy({ (0x61...0x7a).contains($0) })
        else {
            throw BotRequestError("languageCode", "must have two letters")
        }
    }
}

/// The commands that clients offer for a bot.
package struct CommandList: BotRequest {
    /// One command.
    package struct Command: Sendable {
        fileprivate let name: String
        fileprivate let description: String

        /// A name without its slash, and what it is for.
        package init(_ name: String, _ description: String) {
            self.name = name
            self.description = description
        }
    }

    private let commands: [Command]
    private let audience: CommandAudience

    private static let commandsMax = 100

    /// The method that it calls.
    package let method = BotMethod(known: "setMyCommands")

    /// Commands in the order in which they are offered.
    package init(_ commands: [Command], for audience: CommandAudience) {
        self.commands = commands
        self.audience = audience
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters()
        var writer = JSONWriter()
        writer.array { writer in
            for command in commands {
                writer.object {
                    $0.field("command", command.name)
                    $0.field("description", command.description)
                }
            }
        }
        parameters.add("commands", json: writer.finish())
        audience.add(to: &parameters)
        return parameters
    }

    /// Throws where these can be no commands.
    package func check() throws(BotRequestError) {
        try audience.check()
        guard commands.count <= Self.commandsMax else {
            throw BotRequestError("commands", "must have at most \(Self.commandsMax) commands")
        }
        for (index, command) in commands.enumerated() {
            guard (1...32).contains(command.name.utf8.count), command.name.utf8.allSatisfy(Self.isNameByte)
            else {
                throw BotRequestError(
                    "commands[\(index)].command", "must have 1 to 32 letters a to z, digits and underscores")
            }
            guard !command.description.isEmpty, command.description.count <= 256 else {
                throw BotRequestError("commands[\(index)].description", "must have 1 to 256 characters")
            }
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), 0x30...0x39, UInt8(ascii: "_"): true
        default: false
        }
    }
}

/// Asks for the commands that clients offer for a bot.
package struct CommandQuery: BotRequest {
    private let audience: CommandAudience

    /// The method that it calls.
    package let method = BotMethod(known: "getMyCommands")

    /// The commands of an audience.
    package init(for audience: CommandAudience) { self.audience = audience }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters()
        audience.add(to: &parameters)
        return parameters
    }

    /// Throws where there is no such audience.
    package func check() throws(BotRequestError) { try audience.check() }
}
