"""Refusals about lines, draws, audiences, funding and lists of codes."""

from app.problems import DomainError


class OfferNeedsTicket(DomainError):
    """This offer has a line or a draw: take a ticket for it; `mode` says which."""

    title = "Take a ticket for this offer"
    title_zh = "该商品须排队或登记抽签"


class OfferTakesNoTicket(DomainError):
    """This offer is given to whoever claims it first; it has no line and no draw."""

    title = "The offer takes no tickets"
    title_zh = "该商品无须排队或登记"


class DrawOver(DomainError):
    """Registration for the draw has ended, at `draws_at`; nobody can enter it any more."""

    title = "The draw is over"
    title_zh = "抽签登记已截止"


class TicketExists(DomainError):
    """One ticket of an offer is enough; you have, or had, yours."""

    title = "You have had a ticket for this offer"
    title_zh = "您已登记过该商品"


class TicketNotFound(DomainError):
    """You have no ticket for this offer."""

    status = 404
    title = "No such ticket"
    title_zh = "没有该商品的排队或登记记录"


class TicketClosed(DomainError):
    """The ticket was granted, lost, given back or withdrawn before; `state` says which."""

    title = "The ticket is closed"
    title_zh = "排队或登记已结束"


class FundingSpent(DomainError):
    """Somebody else pays a part of this offer, and that budget has nothing left."""

    title = "The subsidy for this offer is used up"
    title_zh = "该商品的补贴预算已用完"


class NotForYou(DomainError):
    """The offer is for certain citizens only; `rule` says which rule you do not meet."""

    title = "The offer is for others"
    title_zh = "您不在该商品的适用人群内"


class DistrictShareTaken(DomainError):
    """Units are left, but none that citizens of your district may take; some may come back."""

    title = "Your district's share is taken"
    title_zh = "您所在区县的份额已兑完"


class DeviceNeeded(DomainError):
    """The offer counts devices: send a `Device-Id` header of 8 to 128 characters."""

    status = 422
    title = "A Device-Id is needed"
    title_zh = "缺少 Device-Id"


class OfferBusy(DomainError):
    """Very many ask for this offer at this moment; nothing was decided, ask again at once."""

    status = 503
    title = "Very many are asking at once"
    title_zh = "当前兑换人数较多"


class FundingUnsound(DomainError):
    """The split, budget or rate makes no sense; `field` says where."""

    status = 422
    title = "The funding makes no sense"
    title_zh = "资金设置无效"


class CodesUnreadable(DomainError):
    """The list of codes cannot be read: one code a line, at most 50,000 lines, as UTF-8."""

    status = 422
    title = "The list of codes cannot be read"
    title_zh = "无法读取券码清单"


class ImportNotFound(DomainError):
    """No list of codes of this offer has this id."""

    status = 404
    title = "No such list of codes"
    title_zh = "没有该券码清单"


class NoMerchantCode(DomainError):
    """The offer gives a coupon of ours; there is no code of the merchant's to show."""

    title = "The offer has no merchant's code"
    title_zh = "该商品没有商户券码"


class OfferWithdrawn(DomainError):
    """The offer was taken back before."""

    title = "The offer was taken back before"
    title_zh = "该商品此前已下架"


class PlaceNeeded(DomainError):
    """Distances are from a point on earth: `near=latitude,longitude`."""

    status = 422
    title = "From where?"
    title_zh = "缺少位置"


class PictureUnsound(DomainError):
    """The bytes are no whole, still PNG, JPEG or WebP picture of a sound size."""

    status = 422
    title = "This picture cannot be taken"
    title_zh = "图片不符合要求"


class PictureTooLarge(DomainError):
    """A picture has at most 512 KiB."""

    status = 413
    title = "The picture is too large"
    title_zh = "图片过大"


class PictureNotFound(DomainError):
    """No picture has this name."""

    status = 404
    title = "No such picture"
    title_zh = "图片不存在"


class PicturesSpent(DomainError):
    """The merchant has uploaded as many pictures today as it may."""

    status = 429
    title = "Enough pictures for today"
    title_zh = "今日上传图片已达上限"
