#!/usr/bin/env node
require("./launch.cjs").launch("hdf52dicom");
