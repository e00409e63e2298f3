/**
 * A reader of QR codes for browsers that have none of their own (Safari, Firefox, Chromium on
 * most desktops). Only the till's page loads this, when its camera is opened.
 */
import { BarcodeDetector } from "qr/decode.js";

Object.assign(window, { PuhuiCodeReader: BarcodeDetector });
