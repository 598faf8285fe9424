import Testing

@testable import BotFacade

@Suite struct BotFacadeTests {}
